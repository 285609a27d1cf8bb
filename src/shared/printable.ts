/**
 * Text that is safe to show on a terminal: file names and messages of programs may hold control sequences,
 * line breaks and marks that turn the direction of writing. These become visible escapes such as \x1b.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** Controls (C0, DEL, C1), line and paragraph separators, bidirectional marks, lone surrogates. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]|\p{Cs}/gu;
