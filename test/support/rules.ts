import { codeOf, commentsOf, importsOf, type Source } from "./sources.ts";

/** The rules of ARCHITECTURE.md, each a function from a file to what breaks it (empty: nothing). */

/** A part of src, by the beginning of its paths, and what it may import of ours. The first that fits counts. */
const ARROWS: { part: RegExp; may: RegExp }[] = [
  { part: /^src\/main\.ts$/, may: /^src\/(roles|shared)\// },
  { part: /^src\/roles\/master\//, may: /^src\/(roles\/master|db|shared)\// },
  { part: /^src\/roles\/worker\//, may: /^src\/(roles\/worker|ffmpeg|vulkan|shared)\// },
  {
    part: /^src\/roles\/cli\/(master|worker|convert)[^/]*\.ts$/,
    may: /^src\/(roles\/cli|ffmpeg|vulkan|shared)\/|^src\/roles\/(master|worker)\/index\.ts$/,
  },
  {
    part: /^src\/roles\/cli\/(?:detect|plan)[^/]*\.ts$/,
    may: /^src\/(roles\/cli|ffmpeg|vulkan|shared)\/|^src\/roles\/worker\/capabilities\.ts$/,
  },
  {
    part: /^src\/roles\/cli\/restore\.ts$/,
    may: /^src\/(roles\/cli|shared)\/|^src\/roles\/master\/restore\.ts$/,
  },
  {
    part: /^src\/roles\/cli\/job\.ts$/,
    may: /^src\/(roles\/cli|shared)\/|^src\/roles\/worker\/job\.ts$/,
  },
  { part: /^src\/roles\/cli\//, may: /^src\/(roles\/cli|ffmpeg|vulkan|shared)\// },
  { part: /^src\/db\//, may: /^src\/(db|shared)\// },
  { part: /^src\/ffmpeg\//, may: /^src\/(ffmpeg|shared)\// },
  { part: /^src\/vulkan\//, may: /^src\/(vulkan|shared)\// },
  { part: /^src\/shared\//, may: /^src\/shared\// },
];

/** Each package's one home. */
const HOMES: Record<string, RegExp> = {
  "bun:ffi": /^src\/(vulkan\/|shared\/socket(s|-owner)\.ts$)/,
  "bun:sqlite": /^src\/db\//,
  citty: /^src\/(main\.ts$|roles\/cli\/)/,
  consola: /^src\/(shared\/log\.ts|roles\/cli\/render[^/]*\.ts)$/,
  "drizzle-orm": /^src\/db\//,
  "fluent-ffmpeg": /^src\/ffmpeg\/process\.ts$/,
  hono: /^src\/roles\/master\//,
  ofetch: /^src\/(shared\/client|roles\/worker\/transfer)\.ts$/,
  "@valibot/to-json-schema": /^src\/roles\/master\//,
  valibot: /^src\//,
  yaml: /^src\/shared\//,
};

/** Values in, values out. */
const PURE =
  /^src\/(roles\/master\/(lifecycle|quarantine|scheduler|retry)|roles\/cli\/render[^/]*|roles\/worker\/gpu-(?:choice|figures|load-parse|memory)|ffmpeg\/(probe|plan|args|progress|verify|encode-outcome|ladder|rates|trial-(?:capabilities|list|pictures)|picture-difference|source-(?:damage|loss|sound)|timeline|encoders\/[^/]+)|vulkan\/(devices|layout|structs|codec-structs|profiles|names))\.ts$/;
const WORLD =
  /\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bMath\.random\(|\bcrypto\.|\bprocess\.|\bBun\.(?!stringWidth|stripANSI|deepEquals)|\bfetch\(|\bset(Timeout|Interval|Immediate)\(|\bconsole\./;
/** Pure packages, and modules that only compute. */
const HARMLESS = /^(valibot|node:path|node:util|consola\/utils)$/;

export function wrongImports(source: Source): string[] {
  if (!source.path.startsWith("src/")) return [];
  const arrow = ARROWS.find(({ part }) => part.test(source.path));
  if (arrow === undefined) return [`${source.path}: lies outside of every part that ARCHITECTURE.md names`];
  return importsOf(source).flatMap(({ specifier }) => {
    if (/^(src|test|scripts|bench)\/|^build\.ts$/.test(specifier))
      return arrow.may.test(specifier) ? [] : [`${source.path}: may not import ${specifier}`];
    if (/^(node:.*|bun)$/.test(specifier)) return [];
    const home = HOMES[packageName(specifier)];
    if (home === undefined) return [`${source.path}: no home is named for the package ${specifier}`];
    return home.test(source.path) ? [] : [`${source.path}: ${specifier} has its home elsewhere`];
  });
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** A pure file may import only what touches nothing either, and so on down; `all` is where that is looked up. */
export function impurities(source: Source, all: Source[]): string[] {
  if (!PURE.test(source.path)) return [];
  const seen = new Set([source.path]);
  const found: string[] = [];
  const visit = (file: Source) => {
    found.push(...touches(file).map((what) => `${source.path}: ${what}`));
    for (const { specifier, typeOnly } of importsOf(file)) {
      const next = all.find(({ path }) => path === specifier);
      if (typeOnly || next === undefined || seen.has(next.path)) continue;
      seen.add(next.path);
      visit(next);
    }
  };
  visit(source);
  return found;
}

function touches(file: Source): string[] {
  const lines = codeOf(file.text, { strings: false }).split("\n");
  const world = lines.flatMap((line, at) =>
    WORLD.test(line) ? [`${file.path}:${at + 1}: ${line.trim()}`] : [],
  );
  const packages = importsOf(file).filter(
    ({ specifier, typeOnly }) => !typeOnly && !/^src\//.test(specifier) && !HARMLESS.test(specifier),
  );
  return [...world, ...packages.map(({ specifier }) => `${file.path} imports ${specifier}`)];
}

export function tooLong(source: Source): string[] {
  const lines = source.text.split("\n").length - 1;
  return lines > 300 ? [`${source.path}: ${lines} lines, 300 are allowed`] : [];
}

export function importsWithoutExtension(source: Source): string[] {
  return importsOf(source)
    .filter(
      ({ specifier }) => /^(src|test|scripts|bench)\//.test(specifier) && !/\.(ts|mjs|json)$/.test(specifier),
    )
    .map(({ specifier }) => `${source.path}: write the extension of ${specifier}`);
}

const LEFTOVER = /\b(TODO|FIXME|XXX|HACK)\b/;
/** A comment that reads like a statement: what was commented out should be deleted. */
const DEAD_CODE =
  /^(\/\/|\*)?\s*((const|let|return|import|await|throw)\b.*[;{]|(if|for|while) \(.*\{|\}\s*(else)?.*)$/;

export function leftovers(source: Source): string[] {
  return commentsOf(source.text).flatMap(({ line, text }) => {
    const dead = text.split("\n").some((part) => DEAD_CODE.test(part.trim()));
    if (LEFTOVER.test(text)) return [`${source.path}:${line}: unfinished: ${text.trim()}`];
    return dead ? [`${source.path}:${line}: commented-out code: ${text.trim()}`] : [];
  });
}

const FORBIDDEN_IN_TESTS: [RegExp, string][] = [
  [/\bmock\.module\b|\bspyOn\(/, "our own modules are not mocked"],
  [/\b(test|it|describe)\.only\b/, "only one test would run"],
  [/\b(test|it|describe)\.(skip|todo|failing)\b|\.(skipIf|todoIf|if)\(/, "use testOr, which says why"],
];

export function wrongTests(source: Source): string[] {
  if (source.path === "test/support/test-or.ts") return [];
  const code = codeOf(source.text, { strings: false });
  return FORBIDDEN_IN_TESTS.flatMap(([pattern, why]) =>
    pattern.test(code) ? [`${source.path}: ${pattern.exec(code)?.[0]}: ${why}`] : [],
  );
}

/** The file that a test is about: test/ffmpeg/plan.test.ts tests src/ffmpeg/plan.ts. Null: none is asked for. */
export function subjectOf(path: string): string | null {
  const match = /^test\/((db|ffmpeg|roles|shared|vulkan|scripts)\/.+)\.test\.ts$/.exec(path);
  if (match?.[1] === undefined) return null;
  return match[2] === "scripts" ? `${match[1]}.ts` : `src/${match[1]}.ts`;
}
