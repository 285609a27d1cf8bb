import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { messageOf } from "./errors.ts";

export type Position = { line: number; column: number };
/** `syntax`: the text could not be read, so that what it seems to hold says little. */
export type Problem = { at: Position | null; text: string; syntax?: boolean };
/** A key as it stands in a file: below a section (`section: null` at the top), with its value. */
export type Entry = { path: string; value: unknown; at: Position; value_at: Position };
/** A key or an item deeper than those, such as `rules.profiles[0].match`. */
export type Inner = { path: string; at: Position };

/**
 * A configuration file as sections and entries with their places. Syntax errors and duplicate keys come as
 * problems; entries are then those that could be read. YAML 1.2: `yes` is text, `0644` is a decimal number.
 */
export function readYaml(source: string): { entries: Entry[]; inner: Inner[]; problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    at: place(error.pos[0]),
    syntax: error.code !== "DUPLICATE_KEY",
    text: SENTENCES[error.code] ?? `cannot be read as YAML: ${error.message}`,
  }));
  const read = (node: Node | null): unknown => {
    try {
      return node === null ? null : node.toJS(document, { maxAliasCount: 100 });
    } catch (error) {
      const text = unread(messageOf(error));
      problems.push({ at: place(node?.range?.[0] ?? 0), text, syntax: true });
      return null;
    }
  };

  const inner: Inner[] = [];
  const lookInside = (node: Node | null, path: string): void => {
    const items: [string, Node, Node | null][] = isSeq<Node>(node)
      ? node.items.map((item, index) => [`${path}[${index}]`, item, item])
      : isMap<Node, Node | null>(node)
        ? node.items.map(({ key, value }) => [`${path}.${isScalar(key) ? key.value : key}`, key, value])
        : [];
    for (const [name, at, below] of items) {
      inner.push({ path: name, at: place(at.range?.[0] ?? 0) });
      lookInside(below, name);
    }
  };

  const walk = (node: Node | null, prefix: string): Entry[] => {
    const map = isAlias(node) ? node.resolve(document) : node;
    if (!isMap<Node, Node | null>(map)) return [];
    return map.items.flatMap(({ key, value }) => {
      const at = place(key.range?.[0] ?? 0);
      const path = prefix + (isScalar(key) ? String(key.value) : key.toString());
      const entry = {
        path,
        value: read(value),
        at,
        value_at: place(value?.range?.[0] ?? key.range?.[0] ?? 0),
      };
      if (prefix === "") return [entry, ...walk(value, `${path}.`)];
      lookInside(value, path);
      return [entry];
    });
  };
  const root = document.contents;
  if (root !== null && !isMap(root) && problems.length === 0) {
    problems.push({ at: place(0), text: "holds no sections such as `logging:`" });
  }
  const entries = walk(root, "");
  // A section is read as a whole before its keys are: the same mistake is found again where it stands.
  const last = new Map(problems.map((problem) => [problem.text, problem]));
  return { entries, inner, problems: problems.filter((one) => !one.syntax || last.get(one.text) === one) };
}

/** Patterns such as *.mkv look like YAML's aliases. */
function unread(message: string): string {
  const alias = /^Unresolved alias.*: (\S+)$/.exec(message)?.[1];
  const hint = alias === undefined ? "" : ` (a text that begins with * needs quotes: "*${alias}")`;
  return `cannot be read as YAML: ${message}${hint}`;
}

const SENTENCES: Record<string, string> = {
  DUPLICATE_KEY: "this key stands here for the second time; leave one",
  MULTIPLE_DOCS: "a second document begins here; a configuration file holds one",
  TAB_AS_INDENT: "indented by a tab; YAML wants spaces",
};
