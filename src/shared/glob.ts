/**
 * Patterns for '/'-separated paths, without regard to case: `*` and `?` within a name, `**` for any folders, `[a-z]`,
 * `[!a]`, `{a,b}`. A pattern without '/' fits in any folder. One whose last name has no wildcard fits a file, or a
 * folder with all that lies below it.
 */
export type Globs = {
  /** The pattern that fits, as it was written; null: none. */
  find(path: string): string | null;
};

/** Throws for a pattern of which `globTrouble` has something to say. */
export function compileGlobs(patterns: readonly string[]): Globs {
  const single = patterns.map((pattern) => ({ pattern, regexp: toRegExp(pattern) }));
  const [first, ...others] = single;
  if (first === undefined) return { find: () => null };
  // One expression for all: a million paths are asked, and most fit none.
  const all = others.length === 0 ? first.regexp : toRegExp(...patterns);
  return {
    find(path) {
      const text = path.normalize("NFC");
      if (!all.test(text)) return null;
      return single.find(({ regexp }) => regexp.test(text))?.pattern ?? null;
    },
  };
}

/** What is wrong with a pattern, in words that complete "it ..."; null where it can be used. */
export function globTrouble(pattern: string): string | null {
  if (pattern.trim() === "") return "is empty";
  if (pattern.includes("\\")) return "has a backslash; folders are separated by /";
  if (pattern.startsWith("/")) return "begins with /; patterns begin below scanner.root_path";
  if (pattern.startsWith("!")) return "begins with !; what is to be kept belongs into rules.include";
  const plain = expand(pattern);
  if (plain === null) return "has a { without its }, or too many of them";
  const names = plain.flatMap((one) => one.replace(/\/$/, "").split("/"));
  if (names.includes("")) return "has two / in a row, or nothing before one";
  if (names.some((name) => name === "." || name === "..")) return "has . or .. as a folder";
  return names.some((name) => fromName(name) === null) ? "has a [ without its ]" : null;
}

/** As many plain patterns as one may stand for. */
const MOST_PLAIN = 1000;

/** `a{b,c}` as `ab`, `ac`; null where brackets do not match. The innermost are taken first. */
function expand(pattern: string): string[] | null {
  const open = [pattern];
  const plain: string[] = [];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const braces = /\{([^{}]*)\}/.exec(one);
    if (braces === null && /[{}]/.test(one)) return null;
    if (braces === null) plain.push(one);
    if (open.length + plain.length > MOST_PLAIN) return null;
    if (braces === null) continue;
    const [whole, inner = ""] = braces;
    const before = one.slice(0, braces.index);
    const after = one.slice(braces.index + whole.length);
    open.push(...inner.split(",").map((choice) => before + choice + after));
  }
  return plain;
}

function toRegExp(...patterns: string[]): RegExp {
  const parts = patterns.flatMap((pattern) => {
    const plain = globTrouble(pattern) === null ? expand(pattern) : null;
    if (plain === null) throw new Error(`${pattern} is no pattern`);
    return plain.map((one) => fromPlain(one.normalize("NFC")));
  });
  return new RegExp(`^(?:${parts.join("|")})$`, "iu");
}

function fromPlain(pattern: string): string {
  const names = pattern.replace(/\/$/, "").split("/");
  const anywhere = names.length === 1 ? "(?:[^/]+/)*" : "";
  const last = names.at(-1) ?? "";
  const below = /[*?[]/.test(last) && !pattern.endsWith("/") ? "" : "(?:/[\\s\\S]*)?";
  const body = names.map((name, index) => {
    const end = index === names.length - 1;
    if (name === "**") return end ? "[\\s\\S]+" : names[index + 1] === "**" ? "" : "(?:[^/]+/)*";
    return `${fromName(name) ?? ""}${end ? "" : "/"}`;
  });
  return anywhere + body.join("") + below;
}

/** One name as a part of an expression; null where a bracket does not end. */
function fromName(name: string): string | null {
  const tokens = /\*+|\?|\[(!?)(\]?[^\]]*)\]|./gsu;
  let text = "";
  for (const [token, not, members] of name.matchAll(tokens)) {
    if (token === "[") return null;
    else if (token.startsWith("*")) text += "[^/]*";
    else if (token === "?") text += "[^/]";
    else if (members !== undefined) text += `(?!/)[${not === "!" ? "^" : ""}${classOf(members)}]`;
    else text += literal(token);
  }
  return text;
}

/** `a-z` stays a range where it is one; everything else stands for itself. */
function classOf(members: string): string {
  return members.replace(/(.)-(.)|./gsu, (one, from?: string, to?: string) =>
    from !== undefined && to !== undefined && from <= to
      ? `${literal(from)}-${literal(to)}`
      : [...one].map(literal).join(""),
  );
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character)
    ? `\\u{${character.codePointAt(0)?.toString(16)}}`
    : character;
}
