import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateFile, replacePrivateFile } from "../../src/shared/private-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vc-private-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a private file is its owner's alone, whatever the umask", () => {
  const before = process.umask(0);
  try {
    expect(makePrivateFile(join(folder, "a"), "secret")).toBe(true);
  } finally {
    process.umask(before);
  }
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("secret");
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("what has the name already is left as it is, also a link that leads nowhere", () => {
  writeFileSync(join(folder, "a"), "mine");
  symlinkSync(join(folder, "no"), join(folder, "link"));
  expect(makePrivateFile(join(folder, "a"), "secret")).toBe(false);
  expect(makePrivateFile(join(folder, "link"), "secret")).toBe(false);
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("mine");
  expect(readdirSync(folder).toSorted()).toEqual(["a", "link"]);
});

test("a file is replaced with its permissions, and a link instead of what it leads to", () => {
  writeFileSync(join(folder, "a"), "mine", { mode: 0o644 });
  symlinkSync(join(folder, "a"), join(folder, "link"));
  replacePrivateFile(join(folder, "link"), "secret");
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("mine");
  replacePrivateFile(join(folder, "a"), "secret");
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).toSorted()).toEqual(["a", "link"]);
});

test("a folder that is not there is the system's error", () =>
  expect(() => makePrivateFile(join(folder, "no", "a"), "secret")).toThrow("ENOENT"));
