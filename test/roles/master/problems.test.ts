import { expect, test } from "bun:test";
import { createProblems } from "../../../src/roles/master/problems.ts";
import type { Logger } from "../../../src/shared/log.ts";

test("each problem is said once when it begins and once when it is over", () => {
  const lines: string[] = [];
  const say = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const log: Logger = {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    with: () => log,
    close: async () => {},
  };
  const problems = createProblems(log);
  problems.clear("disk");
  problems.set("disk", "the disk is full");
  problems.set("disk", "the disk is full");
  problems.set("root", "the root is gone");
  expect(problems.list()).toEqual(["the disk is full", "the root is gone"]);
  problems.clear("disk");
  problems.clear("disk");
  expect(problems.list()).toEqual(["the root is gone"]);
  problems.set("names", "a name is odd", "remark");
  problems.set("disk", "the disk is full");
  expect(problems.list()).toEqual(["the root is gone", "the disk is full", "a name is odd"]);
  expect(problems.stopping()).toEqual(["the root is gone", "the disk is full"]);
  lines.splice(3);
  expect(lines).toEqual(["warn the disk is full", "warn the root is gone", "info a problem is over"]);
});
