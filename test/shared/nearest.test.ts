import { expect, test } from "bun:test";
import { nearest } from "../../src/shared/nearest.ts";

const KEYS = ["port", "host", "token", "concurrency", "heartbeat_interval", "job_timeout"];

test.each<[string, string | null]>([
  ["prot", "port"],
  ["PORT", "port"],
  ["hots", "host"],
  ["tokn", "token"],
  ["tokenn", "token"],
  ["concurency", "concurrency"],
  ["concurrrencyy", "concurrency"],
  ["heartbeat-interval", "heartbeat_interval"],
  ["jobtimeout", "job_timeout"],
  ["p", null],
  ["", null],
  ["colour", null],
  ["concurrent_jobs", null],
])("nearest to %p is %p", (word, expected) => expect(nearest(word, KEYS)).toBe(expected));

test("of several the one with the fewest edits wins", () => {
  expect(nearest("statu", ["stats", "status"])).toBe("stats");
  expect(nearest("statuss", ["stats", "status"])).toBe("status");
});
