import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTokenFile, weaknessOf, withoutTokens } from "../../src/shared/token.ts";

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

test("a token shorter than 16 characters is weak", () => {
  expect(weaknessOf("s3cret")).toStartWith("has 6 characters and can be found by trying");
  expect(weaknessOf("0123456789abcde")).toContain("15 characters");
  expect(weaknessOf("0123456789abcdef")).toBeNull();
});

test("a file that is not there is named", () =>
  expect(() => readTokenFile("/nowhere/token")).toThrow(
    "cannot read the token file /nowhere/token: no such file or directory",
  ));

test("other programs never get a token by their environment", () => {
  const env = {
    VC_TOKEN: "a",
    VC_WORKER_TOKEN: "b",
    VC_SERVER_TOKEN: "c",
    VC_TOKEN_FILE: "/t",
    PATH: "/bin",
  };
  expect(withoutTokens(env)).toEqual({ VC_TOKEN_FILE: "/t", PATH: "/bin" });
});
