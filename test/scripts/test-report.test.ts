import { expect, test } from "bun:test";
import { joinReports, readReport, summarize } from "../../scripts/test-report.ts";

const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" assertions="2" failures="1" skipped="2" time="0.65">
  <testsuite name="a.test.ts" file="a.test.ts" tests="4" assertions="2" failures="1" skipped="2">
    <testcase name="good" classname="g" time="0.1" file="a.test.ts" line="2" assertions="1" />
    <testcase name="under &quot;Wine&quot; [skipped: Wine is not installed]" classname="g" line="2">
      <skipped />
    </testcase>
    <testcase name="bad" classname="g" time="0.3" file="a.test.ts" line="2" assertions="1">
      <failure type="AssertionError" message="no">no</failure>
    </testcase>
    <testcase name="later" classname="g" line="2">
      <skipped message="TODO" />
    </testcase>
  </testsuite>
</testsuites>
`;

test("a report counts tests and names what was skipped, with its reason", () => {
  expect(readReport(xml)).toEqual({
    tests: 4,
    failures: 1,
    skipped: [
      { name: 'under "Wine"', reason: "Wine is not installed" },
      { name: "later", reason: null },
    ],
  });
});

test("a report that was cut off is none", () => {
  expect(readReport("")).toBeNull();
  expect(readReport(xml.slice(0, 400))).toBeNull();
});

test("reports of several runs are added up, and one that is missing spoils the sum", () => {
  const one = { tests: 3, failures: 1, skipped: [{ name: "a", reason: null }] };
  const other = { tests: 4, failures: 0, skipped: [{ name: "b", reason: "c" }] };
  expect(joinReports([one, other])).toEqual({
    tests: 7,
    failures: 1,
    skipped: [...one.skipped, ...other.skipped],
  });
  expect(joinReports([one])).toEqual(one);
  expect(joinReports([one, null])).toBeNull();
});

const clean = { tests: 3, failures: 0, skipped: [] };
test.each([
  ["all passed", clean, 0, ["0 skipped", "3 passed, 0 failed"], true],
  [
    "one skipped",
    { ...clean, skipped: [{ name: "a", reason: "b" }] },
    0,
    ['1 skipped: "a" (b)', "2 passed, 0 failed"],
    true,
  ],
  [
    "one skipped for no reason",
    { ...clean, skipped: [{ name: "a", reason: null }] },
    0,
    ['1 skipped: "a" (no reason given)', "2 passed, 0 failed"],
    true,
  ],
  ["one failed", { ...clean, failures: 1 }, 1, ["0 skipped", "2 passed, 1 failed"], false],
  ["a file that does not load", clean, 1, ["0 skipped", "3 passed, 1 failed"], false],
  ["killed", clean, null, ["0 skipped", "3 passed, 1 failed"], false],
  ["no test at all", { ...clean, tests: 0 }, 0, ["0 skipped", "0 passed, 0 failed"], false],
  ["no report", null, 0, ["The tests ended without a report.", "0 passed, 1 failed"], false],
] as const)("summary: %s", (_, report, status, lines, passed) => {
  const given = report === null ? null : { ...report, skipped: [...report.skipped] };
  expect(summarize(given, status)).toEqual({ lines: [...lines], passed });
});
