import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { PROVEN, runTrial } from "../../src/ffmpeg/trial-run.ts";
import { processesWith, run } from "../support/processes.ts";
import { ROOT } from "../support/sources.ts";
import { until } from "../support/until.ts";
import { FOREVER, makeFake } from "./fake.ts";
import { temporaryFolder } from "./machine.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** An ffmpeg that does what `body` says. */
async function trial(name: string, body: string, limits: { limit_ms?: number; exit_grace_ms?: number } = {}) {
  const ffmpeg_path = await makeFake(folder.path, name, body);
  return runTrial({ ffmpeg_path, options: ["-i", "x"], limit_ms: 30_000, ...limits });
}

test("what it wrote is the output, and nothing that it warned of counts", async () => {
  const body = 'say("careful"); beat(1, "end"); process.stdout.write("pictures");';
  const { outcome, output } = await trial("good", body);
  expect(outcome).toEqual(PROVEN);
  expect(Buffer.from(output).toString()).toBe("pictures");
});

test.each([
  [
    "its first complaint is the cause, its last line is kept",
    'say("WARNING: llvmpipe is no real thing"); beat(1); say("[x @ 0x1] [enc:x @ 0x2] No such queue"); say("[out] Nothing was written"); process.exit(218);',
    { why: "No such queue", said: "[out] Nothing was written", hung: false },
  ],
  [
    "a device that ffmpeg cannot open",
    'say("Device creation failed: -542398533."); say("Error parsing global options"); process.exit(1);',
    { why: "its device cannot be opened", said: "Error parsing global options", hung: false },
  ],
  [
    "nothing but a warning",
    'say("warning: old"); process.exit(1);',
    { why: "warning: old", said: "warning: old", hung: false },
  ],
  ["no word", "process.exit(3);", { why: "ffmpeg ended with exit code 3", said: null, hung: false }],
  [
    "a crash",
    'process.kill(process.pid, "SIGSEGV");',
    { why: "ffmpeg died of SIGSEGV", said: null, hung: false },
  ],
])("%s", async (name, body, expected) => {
  const { outcome } = await trial(name.replaceAll(" ", "-").replaceAll(/\W/g, ""), body);
  expect(outcome).toEqual(expected);
});

test("one that hangs is killed at its limit, although it ignores being asked to end", async () => {
  const body = `process.on("SIGTERM", () => {}); say("half-way"); ${FOREVER}`;
  const { outcome } = await trial("hangs", body, { limit_ms: 5000 });
  expect(outcome).toEqual({ why: "no answer within 5 s", said: "half-way", hung: true });
});

test("one that has done everything and never exits has done everything", async () => {
  const body = `process.stdout.write("all"); beat(8, "end"); ${FOREVER}`;
  const { outcome, output } = await trial("lingers", body, { exit_grace_ms: 200 });
  expect(outcome).toEqual(PROVEN);
  expect(Buffer.from(output).toString()).toBe("all");
});

test("a process that ends in the middle of a trial leaves no ffmpeg behind", async () => {
  const ffmpeg_path = await makeFake(folder.path, "left", `say("pid " + process.pid); ${FOREVER}`);
  const program = `
import { runTool } from ${JSON.stringify(join(ROOT, "src", "ffmpeg", "tool.ts"))};
const onMessage = (line) => line.startsWith("pid ") && (console.log(line.slice(4)), process.exit(0));
runTool({ argv: [${JSON.stringify(ffmpeg_path)}, "-progress", "pipe:2", "file:x"], limit_ms: 60_000, max_bytes: 10, onOutput() {}, onMessage });`;
  const { stdout } = await run({ cmd: [process.execPath, "-e", program], cwd: folder.path, env: {} });
  const pid = Number(stdout);
  expect(pid).toBeGreaterThan(1);
  await until("the fake ffmpeg is gone", async () => (await processesWith(ffmpeg_path)).length === 0);
});
