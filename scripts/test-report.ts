export type TestReport = {
  tests: number;
  failures: number;
  failed: FailedTest[];
  skipped: { name: string; reason: string | null }[];
};

/** `name` with the names of what it stands in, outermost first; `text` as told: message, difference, places. */
export type FailedTest = { file: string; name: string; text: string };

/** How one `bun test` ended. `output` is what it wrote, `report` null where it left none. */
export type GroupEnd = {
  name: string;
  status: number | null;
  signal: string | null;
  report: TestReport | null;
  output: string;
};

/**
 * The last lines of a run, and whether it counts as passed: each failure once more, as its first telling lies
 * thousands of lines above; what was skipped; `N passed, N failed`.
 */
export function summarize(ends: GroupEnd[]): { lines: string[]; passed: boolean } {
  const reports = ends.flatMap(({ report }) => report ?? []);
  const skipped = reports.flatMap((report) => report.skipped);
  const sum = (of: "tests" | "failures") => reports.reduce((total, report) => total + report[of], 0);
  const broken = ends.flatMap(brokenParts);
  const failed = sum("failures") + broken.length;
  const passed = sum("tests") - sum("failures") - skipped.length;
  const why = skipped.map(({ name, reason }) => `"${name}" (${reason ?? "no reason given"})`);
  return {
    lines: [
      ...[...reports.flatMap((report) => report.failed), ...broken].flatMap(linesOfFailure),
      skipped.length === 0 ? "0 skipped" : `${skipped.length} skipped: ${why.join(", ")}`,
      `${passed} passed, ${failed} failed`,
    ],
    passed: failed === 0 && passed > 0,
  };
}

/** What a JUnit file by `bun test` says; null for text that is none (the run ended in the middle). */
export function readReport(xml: string): TestReport | null {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (root === undefined || !xml.trimEnd().endsWith("</testsuites>")) return null;
  const cases = (element: string) =>
    [...xml.matchAll(new RegExp(`<testcase\\b([^>]*[^/])>\\s*${element}`, "g"))].map(
      ([, attributes = "", ...rest]) => ({ attributes, rest }),
    );
  return {
    tests: numberOf(root, "tests"),
    failures: numberOf(root, "failures"),
    failed: cases("<failure\\b([^>]*?)(?:/>|>([^<]*)</failure>)").map(({ attributes, rest }) => ({
      file: textOf(attributes, "file"),
      name: fullName(attributes),
      text: decodeEntities(rest[1] ?? "") || textOf(rest[0] ?? "", "message"),
    })),
    skipped: cases("<skipped\\b").map(({ attributes }) => skippedTest(textOf(attributes, "name"))),
  };
}

/** What failed but stands in no report: files that did not load, errors outside of tests, a dead process. */
function brokenParts(end: GroupEnd): FailedTest[] {
  const { report, status, signal, name } = end;
  const last = end.output.trimEnd().split("\n").slice(-40).join("\n");
  const ended = signal === null ? `exit code ${status}` : signal;
  if (report === null)
    return [
      { file: name, name: `ended with ${ended}, without a report`, text: withFailures(end.output, last) },
    ];
  const outside = errorsOutside(end.output);
  if (outside.length > 0 || status === 0 || report.failures > 0) return outside;
  return [{ file: name, name: `ended with ${ended}, though no test failed`, text: last }];
}

/** Where there is no report, the output tells what had failed until then. */
function withFailures(output: string, last: string): string {
  const failed = output.split("\n").filter((line) => line.startsWith("(fail) ") && !last.includes(line));
  return [...failed, last].join("\n");
}

/** The errors that `bun test` tells between two lines of dashes, each under the name of its file. */
function errorsOutside(output: string): FailedTest[] {
  const lines = output.split("\n");
  return lines.flatMap((line, at) => {
    if (!line.startsWith("# Unhandled error between tests")) return [];
    const file = lines.slice(0, at).findLast((before) => FILE_HEADING.test(before)) ?? "";
    const end = lines.findIndex((after, n) => n > at + 1 && /^-{10,}$/.test(after));
    return {
      file: FILE_HEADING.exec(file)?.[1] ?? "(a file not named)",
      name: "error outside of tests",
      text: lines.slice(at + 2, end < 0 ? at + LINES_OF_ONE : end).join("\n"),
    };
  });
}

/** On GitHub the heading starts a foldable part. */
const FILE_HEADING = /^(?:::group::)?(\S+\.test\.tsx?):$/;

const LINES_OF_ONE = 55;

/** The head says what was expected, the end where it happened: the middle of a long text goes. */
function linesOfFailure({ file, name, text }: FailedTest): string[] {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line.length > 400 ? `${line.slice(0, 400)}...` : line}`.trimEnd());
  const left_out = lines.length - LINES_OF_ONE;
  const shown =
    left_out <= 0
      ? lines
      : [...lines.slice(0, 40), `    (${left_out} lines left out)`, ...lines.slice(40 + left_out)];
  return [`FAILED ${file}: ${name}`, ...shown, ""];
}

/** `bun test` lists the groups that a test stands in from the inside out. */
function fullName(attributes: string): string {
  const groups = textOf(attributes, "classname").split(" > ").reverse();
  return [...groups, textOf(attributes, "name")].filter((part) => part !== "").join(" > ");
}

/** JUnit has no room for a reason: `testOr` puts it behind the name. */
function skippedTest(name: string): TestReport["skipped"][number] {
  const match = /^(.*) \[skipped: (.*)\]$/s.exec(name);
  return { name: match?.[1] ?? name, reason: match?.[2] ?? null };
}

function numberOf(tag: string, attribute: string): number {
  return Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(tag)?.[1] ?? 0);
}

function textOf(attributes: string, name: string): string {
  return decodeEntities(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function decodeEntities(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(
    /&(?:#(\d+)|(lt|gt|quot|apos|amp));/g,
    (whole, code: string | undefined, name: string) =>
      code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
