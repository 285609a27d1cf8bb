import { expect, test } from "bun:test";
import { printable } from "../../src/shared/printable.ts";

test.each([
  ["films/ümlaut 映画 🎬.mkv", "films/ümlaut 映画 🎬.mkv"],
  ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
  ["a\nb\tc\rd", "a\\nb\\tc\\x0dd"],
  ["bell\x07 del\x7f csi\x9b2J", "bell\\x07 del\\x7f csi\\x9b2J"],
  ["evil\u202egpj.exe", "evil\\u{202e}gpj.exe"],
  ["line\u2028end", "line\\u{2028}end"],
  ["half \ud83c", "half \\u{d83c}"],
  ["", ""],
])("%p is shown as %p", (text, shown) => expect(printable(text)).toBe(shown));
