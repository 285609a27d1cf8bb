import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTokenFile } from "../../src/shared/token.ts";

function withFile(content: string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "vc-token-"));
  const path = join(folder, "token");
  writeFileSync(path, content);
  try {
    use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each(["s3cret", "s3cret\n", " s3cret\r\n"])("a file of %p holds s3cret", (content) =>
  withFile(content, (path) => expect(readTokenFile(path)).toBe("s3cret")),
);

test.each(["", "\n", "two words", "one\ntwo\n", "t\x1b[31m"])("a file of %p holds no token", (content) =>
  withFile(content, (path) =>
    expect(() => readTokenFile(path)).toThrow(
      `the token file ${path} must hold one token on one line and nothing else`,
    ),
  ),
);

test("a file that is not there is named", () =>
  expect(() => readTokenFile("/nowhere/token")).toThrow(
    "cannot read the token file /nowhere/token: no such file or directory",
  ));
