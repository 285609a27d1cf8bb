import { expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { normalize, wholeNumber } from "../../../src/roles/cli/arguments.ts";

const ARGS: ArgsDef = {
  job: { type: "positional", required: true },
  note: { type: "positional", required: false },
  limit: { type: "string" },
  master: { type: "string" },
  "worker.id": { type: "string" },
  watch: { type: "boolean", alias: "w" },
};

test.each<[string[], string[]]>([
  [["j"], ["--", "j"]],
  [
    ["j", "--limit", "3"],
    ["--limit=3", "--", "j"],
  ],
  [
    ["--limit=3", "j", "n"],
    ["--limit=3", "--", "j", "n"],
  ],
  [
    ["--limit", "-3", "j"],
    ["--limit=-3", "--", "j"],
  ],
  [
    ["j", "-5", "--watch"],
    ["--watch", "--", "j", "-5"],
  ],
  [
    ["--master-url", "http://m", "j"],
    ["--master=http://m", "--", "j"],
  ],
  [
    ["j", "--master-url=http://m"],
    ["--master=http://m", "--", "j"],
  ],
  [
    ["-w", "j"],
    ["--watch", "--", "j"],
  ],
  [
    ["--worker.id", "a b", "j"],
    ["--worker.id=a b", "--", "j"],
  ],
  [
    ["--limit=--x", "j"],
    ["--limit=--x", "--", "j"],
  ],
  [
    ["--", "--limit", "-w"],
    ["--", "--limit", "-w"],
  ],
  [
    ["j", ""],
    ["--", "j", ""],
  ],
])("%j becomes %j", (given, expected) => expect(normalize(given, ARGS, "jobs")).toEqual(expected));

test.each<[string[], string]>([
  [[], "JOB is missing; see `vc help jobs`"],
  [["--limit"], "--limit needs a value; see `vc help jobs`"],
  [["--limit="], "--limit needs a value; see `vc help jobs`"],
  [["j", "--limit", "--watch"], "--limit needs a value; see `vc help jobs`"],
  [["j", "--watch=no"], "--watch takes no value; see `vc help jobs`"],
  [["j", "--wacth"], "unknown option --wacth; did you mean --watch?"],
  [["j", "--mastre=x"], "unknown option --mastre; did you mean --master?"],
  [["j", "--no-watch"], "unknown option --no-watch; see `vc help jobs`"],
  [["j", "--constructor"], "unknown option --constructor; see `vc help jobs`"],
  [["j", "-x"], "unknown option -x; see `vc help jobs`"],
  [["j", "--\x1b[31m"], "unknown option --\\x1b[31m; see `vc help jobs`"],
  [["j", "n", "o"], 'unexpected argument "o"; see `vc help jobs`'],
])("%j is wrong use", (given, message) => {
  expect(() => normalize(given, ARGS, "jobs")).toThrow(
    expect.objectContaining({ name: "VcError", code: "usage", message }),
  );
});

test.each<[string, number]>([
  ["5", 5],
  ["-5", -5],
  ["10", 10],
])("%j is a whole number", (text, value) => expect(wholeNumber(text, "N", { min: -5, max: 10 })).toBe(value));

test.each(["", "1.5", "5x", "1e1", "11", "-6", "0x5", " 5"])("%j is none that is allowed", (text) =>
  expect(() => wholeNumber(text, "N", { min: -5, max: 10 })).toThrow(
    `N: found ${JSON.stringify(text)}; allowed: a whole number from -5 to 10`,
  ),
);
