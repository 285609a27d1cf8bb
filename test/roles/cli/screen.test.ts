import { expect, test } from "bun:test";
import { createScreen } from "../../../src/roles/cli/screen.ts";

function drawn(terminal: { isTTY?: boolean; rows?: number; columns?: number }, texts: string[]): string[] {
  const written: string[] = [];
  const screen = createScreen({ ...terminal, write: (text) => written.push(text) });
  for (const text of texts) screen.draw(text);
  return written;
}

test("a terminal is drawn in place", () =>
  expect(drawn({ isTTY: true, rows: 24, columns: 80 }, ["a\nb\nc", "d", "e"])).toEqual([
    "\r\x1b[Ja\nb\nc\n",
    "\x1b[3A\r\x1b[Jd\n",
    "\x1b[1A\r\x1b[Je\n",
  ]));

test("what does not fit is wrapped, so that the next drawing begins at the right line", () =>
  expect(drawn({ isTTY: true, rows: 5, columns: 8 }, ["12345678\n映画映画映\n3\n4", "x"])).toEqual([
    "\r\x1b[J1234567\n8\n映画映\n画映\n",
    "\x1b[4A\r\x1b[Jx\n",
  ]));

test("elsewhere each drawing follows the last", () =>
  expect(drawn({}, ["a", "b"])).toEqual(["a\n\n", "b\n\n"]));
