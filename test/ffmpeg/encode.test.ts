import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import { type EncodeRun, encode } from "../../src/ffmpeg/encode.ts";
import type { Report } from "../../src/ffmpeg/progress.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import { testOr } from "../support/test-or.ts";
import { FOREVER, makeFake } from "./fake.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 180_000;
const DEAF = 'process.on("SIGTERM", () => {});';
const graces = { kill_ms: 300, end_ms: 600, gone_ms: 10_000 };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let source = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  source = await makeClip({ name: "plain.mp4", path: join(folder.path, "plain.mp4") });
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

async function run(
  name: string,
  body: string,
  options: Partial<Parameters<typeof encode>[0]> = {},
): Promise<EncodeRun & { reports: Report[] }> {
  const target_path = join(folder.path, `${name}.mp4`);
  const reports: Report[] = [];
  const ended = await encode({
    ffmpeg_path: await makeFake(folder.path, name, body),
    arguments: {
      input: ["-progress", "pipe:2"],
      source: "file:x",
      output: [],
      target: `file:${target_path}`,
    },
    target_path,
    limits: { ffmpeg_timeout_ms: 0, stall_timeout_ms: 0 },
    graces,
    signal: new AbortController().signal,
    onReport: (report) => reports.push(report),
    ...options,
  });
  return { ...ended, reports };
}

/** Under that flag Bun ends the process that stands for one that nothing ends. */
const commandLine = existsSync("/proc/self/cmdline") ? readFileSync("/proc/self/cmdline", "utf8") : "";
const noOrphans = commandLine.includes("--no-orphans")
  ? "the tests' runner ends every orphan; run `bun test test/ffmpeg/encode` by itself"
  : null;

describe("under watch", () => {
  test(
    "one that takes more memory than it may is ended",
    async () => {
      const most = { memory_bytes: 300_000_000, result_bytes: 1_000_000_000 };
      const ended = await run("greedy", `globalThis.kept = Buffer.alloc(400_000_000, 1); ${FOREVER}`, {
        most,
      });
      expect(ended).toMatchObject({ stopped: "memory", signal: "SIGKILL" });
    },
    LIMIT_MS,
  );

  test(
    "one whose result grows without end is ended",
    async () => {
      const most = { memory_bytes: 1_000_000_000, result_bytes: 100_000 };
      const grows = "setInterval(() => fs.appendFileSync(target, Buffer.alloc(60_000)), 50);";
      expect(await run("grows", grows, { most })).toMatchObject({
        stopped: "result_size",
        signal: "SIGTERM",
      });
    },
    LIMIT_MS,
  );

  test(
    "one that stands still is ended",
    async () => {
      const ended = await run("stalls", `beat(1); beat(1); ${FOREVER}`, {
        limits: { ffmpeg_timeout_ms: 0, stall_timeout_ms: 500 },
      });
      expect(ended).toMatchObject({ stopped: "stalled", signal: "SIGTERM" });
    },
    LIMIT_MS,
  );

  test(
    "one that is deaf to SIGTERM is killed",
    async () => {
      const ended = await run("deaf", `${DEAF} beat(1); ${FOREVER}`, {
        limits: { ffmpeg_timeout_ms: 0, stall_timeout_ms: 4000 },
      });
      expect(ended).toMatchObject({ stopped: "stalled", signal: "SIGKILL" });
    },
    LIMIT_MS,
  );

  test(
    "one that goes on and on is ended by its time limit, not as stalled",
    async () => {
      const body = "let n = 0; setInterval(() => beat(++n), 50);";
      const ended = await run("endless", body, {
        limits: { ffmpeg_timeout_ms: 6000, stall_timeout_ms: 5000 },
      });
      expect(ended).toMatchObject({ stopped: "ffmpeg_timeout" });
      expect(ended.reports.length).toBeGreaterThan(1);
    },
    LIMIT_MS,
  );

  test(
    "one that is silent while its file grows is not stalled",
    async () => {
      const body = `beat(1); let n = 0;
      const timer = setInterval(() => { fs.appendFileSync(target, "x"); if (++n === 60) { clearInterval(timer); beat(2, "end"); } }, 100);`;
      const ended = await run("writes", body, { limits: { ffmpeg_timeout_ms: 0, stall_timeout_ms: 4000 } });
      expect(ended).toMatchObject({ stopped: null, code: 0 });
    },
    LIMIT_MS,
  );

  test(
    "one that never exits after its last word is killed, and counts as finished",
    async () => {
      const ended = await run("lingers", `${DEAF} beat(50, "end"); ${FOREVER}`);
      expect(ended).toMatchObject({
        stopped: "end_hang",
        signal: "SIGKILL",
        report: { ended: true, frame: 50 },
      });
    },
    LIMIT_MS,
  );

  testOr(
    noOrphans,
    "one whose end nothing brings about is left behind",
    async () => {
      // What it started holds its messages open, so that it does not seem to end.
      const holder =
        'Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "inherit"], detached: true }).pid';
      const ended = await run("undead", `beat(1); say("[info] " + ${holder}); ${FOREVER}`, {
        limits: { ffmpeg_timeout_ms: 0, stall_timeout_ms: 4000 },
        graces: { ...graces, gone_ms: 300 },
      });
      expect(ended).toMatchObject({ stopped: "stalled", undead: true });
      const held = Number(/\d+/.exec(ended.log.tail)?.[0]);
      expect(held).toBeGreaterThan(1);
      process.kill(held, "SIGKILL");
    },
    LIMIT_MS,
  );

  test(
    "one that is called off is ended",
    async () => {
      const abort = new AbortController();
      const ended = await run("called-off", `beat(1); ${FOREVER}`, {
        signal: abort.signal,
        onReport: () => abort.abort(),
      });
      expect(ended.stopped).toBe("aborted");
    },
    LIMIT_MS,
  );
});

/** A machine whose ffmpeg does something else when it is asked to convert. */
async function machineWith(name: string, body: string): Promise<Capabilities> {
  const { ffmpeg, ...rest } = await thisMachine();
  return { ffmpeg: { ...ffmpeg, path: await makeFake(folder.path, name, body, ffmpeg.path) }, ...rest };
}

describe("a conversion whose ffmpeg", () => {
  /** The planned command with other pictures: `-vf` given last wins. */
  const withFilter = (filter: string) =>
    `argv[argv.indexOf("-filter:v:0") + 1] += ",${filter}"; process.exit(real(argv));`;
  const rows: [string, string, string, string][] = [
    [
      "exits 0 with half a film",
      'argv.splice(-1, 0, "-t", "1"); process.exit(real(argv));',
      "permanent",
      "source_damaged",
    ],
    ["exits 0 with nothing", "process.exit(0);", "retry", "verification_failed"],
    ["exits 0 with rubbish", 'fs.writeFileSync(target, "rubbish");', "retry", "verification_failed"],
    ["makes a green film", withFilter("drawbox=color=green:t=fill"), "retry", "verification_failed"],
    ["makes a black film", withFilter("drawbox=color=black:t=fill"), "retry", "verification_failed"],
    ["makes a film turned over", withFilter("vflip"), "retry", "verification_failed"],
    [
      "makes a frozen film",
      withFilter("trim=end_frame=1,loop=loop=49:size=1,setpts=N/25/TB"),
      "retry",
      "verification_failed",
    ],
    [
      "cuts the sound short",
      'argv[argv.indexOf("-filter:a:0") + 1] += ",atrim=end=1"; process.exit(real(argv));',
      "retry",
      "verification_failed",
    ],
    ["makes another size", withFilter("scale=160:120"), "retry", "verification_failed"],
    ["dies", 'process.kill(process.pid, "SIGKILL");', "retry", "ffmpeg_failed"],
    ["fills the disk", 'say("[error] x: No space left on device"); process.exit(1);', "retry", "disk_full"],
  ];
  test.each(rows)(
    "%s",
    async (name, body, outcome, reason) => {
      const target = join(folder.path, "made.mp4");
      const capabilities = await machineWith(name.replaceAll(" ", "-"), body);
      const ended = await convert({ source, target }, {}, { capabilities });
      expect(ended).toMatchObject({ outcome, reason } as never);
      expect(existsSync(target)).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    "never exits after a good film: it is kept",
    async () => {
      const target = join(folder.path, "kept.mp4");
      const capabilities = await machineWith("lingers-after-all", `real(argv); ${FOREVER}`);
      const ended = await convert({ source, target }, {}, { capabilities, graces });
      expect(ended.outcome).toBe("done");
      expect(existsSync(target)).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    "never exits after a good film, and stall_timeout is shorter than the wait for that: it is kept",
    async () => {
      const target = join(folder.path, "kept-soon.mp4");
      const capabilities = await machineWith("lingers-for-long", `real(argv); ${FOREVER}`);
      const limits = { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 4000 };
      const slow = { ...graces, end_ms: 7000 };
      const ended = await convert({ source, target }, {}, { capabilities, limits, graces: slow });
      expect(ended.outcome).toBe("done");
    },
    LIMIT_MS,
  );

  test(
    "takes longer than job_timeout, or ffmpeg.timeout, or stands still: each is told apart",
    async () => {
      const capabilities = await machineWith("hangs", `fs.writeFileSync(target, "begun"); ${FOREVER}`);
      const limits = { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 0 };
      for (const [limit, reason] of [
        ["job_timeout_ms", "job_timeout"],
        ["ffmpeg_timeout_ms", "ffmpeg_timeout"],
        ["stall_timeout_ms", "stalled"],
      ] as const) {
        const target = join(folder.path, `${reason}.mp4`);
        const ended = await convert(
          { source, target },
          {},
          { capabilities, limits: { ...limits, [limit]: 1500 } },
        );
        expect(ended).toMatchObject({
          outcome: "retry",
          reason,
          message: expect.stringContaining("1.5 s"),
        } as never);
        expect(existsSync(target)).toBe(false);
      }
    },
    LIMIT_MS,
  );

  test(
    "is called off",
    async () => {
      const capabilities = await machineWith("waits", FOREVER);
      const signal = AbortSignal.timeout(500);
      const ended = await convert(
        { source, target: join(folder.path, "off.mp4") },
        {},
        { capabilities, signal },
      );
      expect(ended).toMatchObject({ outcome: "retry", reason: "cancelled" });
    },
    LIMIT_MS,
  );
});
