import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, type LogFields, type LogLevel } from "../../src/shared/log.ts";
import { testOr } from "../support/test-or.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vc-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

/** The lines of a log, without their times. */
async function lines(
  options: { level?: LogLevel; format?: "text" | "json"; fields?: LogFields },
  use: (log: ReturnType<typeof createLogger>) => void,
) {
  const output_path = join(folder, "deep", "vc.log");
  const log = createLogger({ level: "debug", format: "text", output_path, ...options });
  use(log);
  await log.close();
  return readFileSync(output_path, "utf8").trimEnd().split("\n");
}

test("text: time, level, message, fields, without colours in a file", async () => {
  const written = await lines({}, (log) => {
    log.info("job completed", { job_id: "a1", attempt: 2, path: "a b", left_out: undefined, nothing: null });
    log.warn("hm");
    log.error("bad", { error: new Error("why"), list: [1, 2], big: 12345678901234567890n });
    log.debug("detail");
  });
  for (const line of written) expect(line).toMatch(TIME);
  expect(written.map((line) => line.replace(TIME, ""))).toEqual([
    'INFO  job completed job_id=a1 attempt=2 path="a b" nothing=null',
    "WARN  hm",
    "ERROR bad error=why list=[1,2] big=12345678901234567890",
    "DEBUG detail",
  ]);
});

test.each<[LogLevel, LogLevel[]]>([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
])("level %s writes %p", async (level, expected) => {
  const written = await lines({ level, format: "json" }, (log) => {
    for (const one of ["debug", "info", "warn", "error"] as const) log[one]("x");
  });
  expect(written.map((line) => JSON.parse(line).level)).toEqual(expected);
});

test("json: one object a line, whose own fields cannot be forged", async () => {
  const [line = ""] = await lines({ format: "json", fields: { role: "worker" } }, (log) =>
    log.with({ worker_id: "w" }).info("a\nb", { job_id: "j", level: "forged", path: "x\x1b[31m" }),
  );
  const { time, ...rest } = JSON.parse(line);
  expect(`${time} `).toMatch(TIME);
  expect(rest).toEqual({
    level: "info",
    message: "a\nb",
    role: "worker",
    worker_id: "w",
    job_id: "j",
    path: "x\x1b[31m",
  });
});

test("text cannot be forged by file names", async () => {
  const written = await lines({}, (log) =>
    log.info("x\ny", { path: "a\n2026 INFO  forged\x1b[2J", plain: "a\x1bb" }),
  );
  expect(written).toHaveLength(1);
  expect(written[0]?.replace(TIME, "")).toBe(
    'INFO  x\\ny path="a\\n2026 INFO  forged\\u001b[2J" plain=a\\x1bb',
  );
});

test("tokens are never written", async () => {
  const written = await lines({}, (log) =>
    log.info("sent Authorization: Bearer abc123", {
      token: "abc123",
      Authorization: "Bearer abc123",
      error: new Error("Bearer abc123 refused"),
      text: "bearer abc123",
    }),
  );
  expect(written.join()).not.toContain("abc123");
});

test("the same line many times is written each time, and a later start appends", async () => {
  await lines({}, (log) => {
    for (let i = 0; i < 50; i++) log.info("again");
  });
  expect(await lines({}, (log) => log.info("again"))).toHaveLength(51);
});

test("a file that cannot be opened is told with its key", () =>
  expect(() => createLogger({ level: "info", format: "text", output_path: "/dev/null/x.log" })).toThrow(
    "logging.output_path: cannot write to /dev/null/x.log: ",
  ));

testOr(
  process.platform === "linux" ? null : "needs /dev/full",
  "a full disk loses lines, and nothing else",
  async () => {
    const log = createLogger({ level: "info", format: "text", output_path: "/dev/full" });
    expect(() => log.info("lost")).not.toThrow();
    await log.close();
  },
);

test("standard output gets no colours when it is not a terminal", async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(join(import.meta.dir, "../../src/shared/log.ts"))};
    const log = createLogger({ level: "info", format: "text", output_path: null });
    log.error("bad"); await log.close();`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  expect((await child.stdout.text()).replace(TIME, "")).toBe("ERROR bad\n");
  expect(await child.exited).toBe(0);
});

test.each(["process.exit(3)", 'throw new Error("a bug")'])(
  "last words are written, whatever comes after them: %s",
  async (end) => {
    const script = `
      import { createLogger } from ${JSON.stringify(join(import.meta.dir, "../../src/shared/log.ts"))};
      const log = createLogger({ level: "info", format: "text", output_path: ${JSON.stringify(join(folder, "end.log"))} });
      log.info("one"); log.error("two"); ${end};`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "ignore", stderr: "ignore" });
    await child.exited;
    const written = readFileSync(join(folder, "end.log"), "utf8").trimEnd().split("\n");
    expect(written.map((line) => line.replace(TIME, ""))).toEqual(["INFO  one", "ERROR two"]);
  },
);
