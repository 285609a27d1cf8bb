import { expect, test } from "bun:test";
import { type GroupEnd, readReport, summarize } from "../../scripts/test-report.ts";

const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="6" assertions="2" failures="3" skipped="2" time="0.65">
  <testsuite name="a.test.ts" file="a.test.ts" tests="5" assertions="2" failures="2" skipped="2">
    <testcase name="good" classname="g" time="0.1" file="a.test.ts" line="2" assertions="1" />
    <testcase name="under &quot;Wine&quot; [skipped: Wine is not installed]" classname="g" line="2">
      <skipped />
    </testcase>
    <testcase name="bad" classname="inner &gt; outer" time="0.3" file="a.test.ts" line="2" assertions="1">
      <failure type="AssertionError" message="no">expect(&quot;a&quot;)&#10;- Expected&#10;      at a.test.ts:3:58&#10;</failure>
    </testcase>
    <testcase name="slow" classname="" time="0.3" file="a.test.ts" line="9" assertions="1">
      <failure type="TimeoutError" message="test timed out" />
    </testcase>
    <testcase name="later" classname="g" line="2">
      <skipped message="TODO" />
    </testcase>
    <testcase name="(unnamed)" classname="hook" time="0.0002" file="b.test.ts" assertions="0">
      <failure type="Error" message="died">Error: died</failure>
    </testcase>
  </testsuite>
</testsuites>
`;

test("a report counts tests, tells what failed and why, and names what was skipped, with its reason", () => {
  expect(readReport(xml)).toEqual({
    tests: 6,
    failures: 3,
    failed: [
      {
        file: "a.test.ts",
        name: "outer > inner > bad",
        text: 'expect("a")\n- Expected\n      at a.test.ts:3:58\n',
      },
      { file: "a.test.ts", name: "slow", text: "test timed out" },
      { file: "b.test.ts", name: "hook > (unnamed)", text: "Error: died" },
    ],
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

const clean = { tests: 3, failures: 0, failed: [], skipped: [] };
const one = { ...clean, failures: 1, failed: [{ file: "a.test.ts", name: "x > y", text: "no\n  at a:3\n" }] };
const unloadable = `
b.test.ts:
(pass) y [3.00ms]

::group::c.test.ts:

# Unhandled error between tests
-------------------------------
error: Cannot find module './nowhere.ts'
-------------------------------


 2 pass
 1 error
`;
const output = "bun test\n\na.test.ts:\n(fail) x > y [3.00ms]\npanic: gone\n";

const row = (end: Partial<GroupEnd>, lines: string[], passed: boolean) => ({ end, lines, passed });
test.each(
  Object.entries({
    "all passed": row({}, ["0 skipped", "3 passed, 0 failed"], true),
    "one skipped": row(
      { report: { ...clean, skipped: [{ name: "a", reason: "b" }] } },
      ['1 skipped: "a" (b)', "2 passed, 0 failed"],
      true,
    ),
    "one skipped for no reason": row(
      { report: { ...clean, skipped: [{ name: "a", reason: null }] } },
      ['1 skipped: "a" (no reason given)', "2 passed, 0 failed"],
      true,
    ),
    "one failed": row(
      { report: one, status: 1 },
      ["FAILED a.test.ts: x > y", "    no", "      at a:3", "", "0 skipped", "2 passed, 1 failed"],
      false,
    ),
    "a file that does not load": row(
      { status: 1, output: unloadable },
      [
        "FAILED c.test.ts: error outside of tests",
        "    error: Cannot find module './nowhere.ts'",
        "",
        "0 skipped",
        "3 passed, 1 failed",
      ],
      false,
    ),
    "a bad end with nothing to show for it": row(
      { status: 3, output: "hm\n" },
      [
        "FAILED test/g: ended with exit code 3, though no test failed",
        "    hm",
        "",
        "0 skipped",
        "3 passed, 1 failed",
      ],
      false,
    ),
    killed: row(
      { report: null, status: null, signal: "SIGKILL", output },
      [
        "FAILED test/g: ended with SIGKILL, without a report",
        ...output
          .split("\n")
          .slice(0, -1)
          .map((line) => (line === "" ? "" : `    ${line}`)),
        "",
        "0 skipped",
        "0 passed, 1 failed",
      ],
      false,
    ),
    "an early end that says it went well": row(
      { report: null, output: "" },
      ["FAILED test/g: ended with exit code 0, without a report", "", "", "0 skipped", "0 passed, 1 failed"],
      false,
    ),
    "no test at all": row({ report: { ...clean, tests: 0 } }, ["0 skipped", "0 passed, 0 failed"], false),
  }),
)("summary: %s", (_, { end, lines, passed }) => {
  const whole = { name: "test/g", status: 0, signal: null, report: clean, output: "", ...end };
  expect(summarize([whole])).toEqual({ lines, passed });
});

test("several runs are added up; one that died keeps what the others found", () => {
  const good = { name: "test/a", status: 0, signal: null, report: clean, output: "" };
  const skips = { ...clean, skipped: [{ name: "a", reason: null }] };
  const dead = { ...good, name: "test/b", status: null, signal: "SIGTERM", report: null };
  expect(summarize([good, { ...good, report: skips }]).lines.at(-1)).toBe("5 passed, 0 failed");
  const { lines, passed } = summarize([good, dead, { ...good, status: 1, report: one }]);
  expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([
    "FAILED a.test.ts: x > y",
    "FAILED test/b: ended with SIGTERM, without a report",
  ]);
  expect([lines.at(-1), passed]).toEqual(["5 passed, 2 failed", false]);
});

test("a long text keeps its head and its end, a dead run the names of what had failed", () => {
  const long = Array.from({ length: 300 }, (_, n) => `line ${n} ${"x".repeat(n === 5 ? 2000 : 3)}`);
  const report = { ...one, failed: [{ file: "a.test.ts", name: "x", text: long.join("\n") }] };
  const end = { name: "test/a", status: 1, signal: null, report, output: "" };
  const { lines } = summarize([end]);
  expect(lines.length).toBeLessThanOrEqual(60);
  expect(lines.join("\n")).toContain("    line 39 xxx\n    (245 lines left out)\n    line 285 xxx\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(500);
  const died = summarize([{ ...end, report: null, output: `${output}${long.join("\n")}` }]).lines;
  expect(died).toContain("    (fail) x > y [3.00ms]");
  expect(died).toContain("    line 299 xxx");
});
