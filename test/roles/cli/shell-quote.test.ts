import { expect, test } from "bun:test";
import { shellQuote } from "../../../src/roles/cli/shell-quote.ts";
import { testOr } from "../../support/test-or.ts";

const WORDS = [
  "ffmpeg",
  "-c:v",
  "file:/mnt/films/a.mkv",
  "",
  "two words",
  "it's",
  '$HOME `id` "x" \\',
  "ümlaut 映画",
  "a\nb",
  "tab\there 'quoted' \\n",
  "\x1b[31mred",
  "evil\u202ename",
  "*?[a]~#!",
];

test("what needs no quotes gets none", () =>
  expect(shellQuote(["ffmpeg", "-i", "file:/a/b-c_d.mkv", "-vf", "scale=1:2"])).toBe(
    "ffmpeg -i file:/a/b-c_d.mkv -vf scale=1:2",
  ));

test("quotes are those of a POSIX shell, control characters become escapes", () =>
  expect(shellQuote(["a b", "it's", "", "a\nb'c", "x\u202ey"])).toBe(
    `'a b' 'it'\\''s' '' $'a\\x0ab\\'c' $'x\\U0000202ey'`,
  ));

testOr(Bun.which("bash") === null ? "needs bash" : null, "bash reads back every word", () => {
  const script = `printf '%s\\0' ${shellQuote(WORDS)}`;
  const { stdout } = Bun.spawnSync(["bash", "-c", script], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
  expect(stdout.toString().split("\0").slice(0, -1)).toEqual(WORDS);
});

test("no control character is left in the line", () =>
  expect(shellQuote(WORDS)).not.toMatch(/[\p{Cc}\u202e]/u));
