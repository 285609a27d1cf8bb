export type TestReport = {
  tests: number;
  failures: number;
  skipped: { name: string; reason: string | null }[];
};

/** What a JUnit file by `bun test` says; null for text that is none (the run ended in the middle). */
export function readReport(xml: string): TestReport | null {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (root === undefined || !xml.trimEnd().endsWith("</testsuites>")) return null;
  return {
    tests: numberOf(root, "tests"),
    failures: numberOf(root, "failures"),
    skipped: [...xml.matchAll(/<testcase\b([^>]*[^/])>\s*<skipped\b/g)].map(([, attributes]) =>
      skippedTest(decodeEntities(/\bname="([^"]*)"/.exec(attributes ?? "")?.[1] ?? "")),
    ),
  };
}

/** What several runs come to together; null if one of them left no report. */
export function joinReports(reports: (TestReport | null)[]): TestReport | null {
  return reports.reduce((sum, one) =>
    sum === null || one === null
      ? null
      : {
          tests: sum.tests + one.tests,
          failures: sum.failures + one.failures,
          skipped: [...sum.skipped, ...one.skipped],
        },
  );
}

/** The last two lines of a run, and whether it counts as passed. `status` is the exit status of `bun test`. */
export function summarize(
  report: TestReport | null,
  status: number | null,
): { lines: string[]; passed: boolean } {
  if (report === null)
    return { lines: ["The tests ended without a report.", "0 passed, 1 failed"], passed: false };
  const { tests, skipped } = report;
  // A file that cannot be loaded counts nowhere in the report.
  const failed = status !== 0 ? Math.max(1, report.failures) : report.failures;
  const passed = tests - report.failures - skipped.length;
  const why = skipped.map(({ name, reason }) => `"${name}" (${reason ?? "no reason given"})`);
  return {
    lines: [
      skipped.length === 0 ? "0 skipped" : `${skipped.length} skipped: ${why.join(", ")}`,
      `${passed} passed, ${failed} failed`,
    ],
    passed: failed === 0 && passed > 0,
  };
}

function numberOf(tag: string, attribute: string): number {
  return Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(tag)?.[1] ?? 0);
}

/** JUnit has no room for a reason: `testOr` puts it behind the name. */
function skippedTest(name: string): TestReport["skipped"][number] {
  const match = /^(.*) \[skipped: (.*)\]$/s.exec(name);
  return { name: match?.[1] ?? name, reason: match?.[2] ?? null };
}

function decodeEntities(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole);
}
