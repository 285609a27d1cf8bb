import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/sources.ts";
import { SABOTAGES } from "./sabotages.ts";

/** That each is caught takes a run of every named test: `bun scripts/sabotage.ts`. */
test.each(SABOTAGES)("can still be done: $what", ({ file, find, put, caught_by }) => {
  const source = readFileSync(join(ROOT, file), "utf8");
  expect(source.split(find)).toHaveLength(2);
  expect(put).not.toBe(find);
  expect(existsSync(join(ROOT, caught_by))).toBe(true);
});

test("there are at least 30, none twice", () => {
  expect(new Set(SABOTAGES.map(({ file, find }) => `${file} ${find}`)).size).toBe(SABOTAGES.length);
  expect(SABOTAGES.length).toBeGreaterThanOrEqual(30);
});
