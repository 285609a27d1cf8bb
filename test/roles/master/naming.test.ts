import { expect, test } from "bun:test";
import { join } from "node:path";
import { pathBelow } from "../../../src/roles/master/naming.ts";

test.each([
  ["/films", "a.mkv"],
  ["/", "a.mkv"],
  ["/films/", "series 1/ä/b.mkv"],
])("%p and %p are joined as node:path joins them", (root, rel) => {
  expect(pathBelow(root, rel)).toBe(join(root, rel));
});
