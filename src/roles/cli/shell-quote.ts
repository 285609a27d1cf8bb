/**
 * An argv as one line for a POSIX shell, which can be pasted, and shown on a terminal: control characters come as
 * $'...' escapes (bash, zsh and ksh read them).
 */
export function shellQuote(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}

function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!UNPRINTABLE.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const safe = word.replace(/['\\]/g, "\\$&").replace(new RegExp(UNPRINTABLE, "gu"), escaped);
  return `$'${safe}'`;
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}
