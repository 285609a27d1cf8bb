import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { ConvertResult } from "../../src/ffmpeg/convert.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { tryMachine } from "../../src/ffmpeg/trial.ts";
import { toCapabilities } from "../../src/ffmpeg/trial-capabilities.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { makeFake } from "./fake.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Films whose setting is searched for by ffmpeg itself, and results that ffmpeg compares with them. */
const LIMIT_MS = 120_000;
const WISH = { measure: "ssim", score: 0.98 } as const;
const TOLERANCE = 0.01;
const before = process.env.TMPDIR;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder();
  // Samples lie in the system's folder for such: one of this file's own.
  process.env.TMPDIR = folder.path;
  make("easy.mkv", "gradients=size=128x72:rate=10:speed=0.01:duration=16", ["-bf", "2", "-g", "20"]);
  const noise = (all: number, duration_s: number) =>
    `mandelbrot=size=128x72:rate=10,noise=alls=${all}:allf=t,trim=duration=${duration_s}`;
  make("hard.ts", noise(5, 16), ["-g", "16"]);
  // Not longer than what is used whole, which costs one run for each setting that is tried.
  make("noise.ts", noise(8, 8), ["-g", "16"]);
  make("short.mp4", "testsrc2=size=128x72:rate=10:duration=3");
  const fields = "tinterlace=interleave_top,fieldorder=tff,setfield=tff";
  make("fields.mkv", `testsrc2=size=90x72:rate=24:duration=16,${fields}`, ["-flags", "+ildct+ilme"]);
  await thisMachine();
}, LIMIT_MS);
afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  return folder.remove();
});

function make(name: string, picture: string, options: string[] = []): void {
  const run = Bun.spawnSync([
    ...["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "6", "-pix_fmt", "yuv420p", ...options, at(name)],
  ]);
  if (run.exitCode !== 0) throw new Error(`${name}: ${run.stderr}`);
}

async function run(
  name: string,
  changes: Partial<Conversion>,
  options: Parameters<typeof convert>[2] = {},
): Promise<ConvertResult> {
  const target = at(`${name}.out`);
  const ended = await convert(
    { source: at(name), target },
    { quality: WISH, verify: "measured", ...changes },
    options,
  );
  expect(existsSync(target)).toBe(ended.outcome === "done");
  expect(readdirSync(folder.path).filter((one) => one.startsWith("vc-samples-"))).toEqual([]);
  return ended;
}

/** Measured by another ffmpeg run than any of vc's: the whole film, in its own order of pictures. */
function ssimOf(name: string): number {
  const both = ["-i", at(`${name}.out`), "-i", at(name)];
  const graph = "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]ssim";
  const said = Bun.spawnSync(["ffmpeg", "-nostdin", ...both, "-lavfi", graph, "-f", "null", "-"]).stderr;
  return Number(/All:([\d.]+)/.exec(`${said}`)?.[1]);
}

async function newerMachine(): Promise<Capabilities> {
  const ffmpeg = await findFfmpeg({ path: newer?.ffmpeg ?? null, ffprobe_path: newer?.ffprobe ?? null });
  return toCapabilities({ ffmpeg, devices: [], tried: await tryMachine({ ffmpeg }) });
}

async function reachesWish(capabilities: Capabilities): Promise<void> {
  const taken: number[] = [];
  for (const name of ["easy.mkv", "hard.ts"]) {
    const ended = await run(name, {}, { capabilities });
    expect(ended).toMatchObject({ outcome: "done", report: { verified: "measured", score: { met: true } } });
    const { search, score } = ended.report;
    expect(search).toMatchObject({ wish: "ssim 0.98", measure: "ssim", wanted: 0.98, reached: true });
    expect(search?.places).toHaveLength(3);
    expect(search?.steps.find(({ quality }) => quality === search.taken)?.score).toBeGreaterThanOrEqual(0.98);
    const whole = ssimOf(name);
    expect(whole).toBeGreaterThan(WISH.score - TOLERANCE);
    expect(Math.abs((score?.score ?? 0) - whole)).toBeLessThan(TOLERANCE);
    taken.push(search?.taken ?? 0);
  }
  const [easy = 0, hard = 0] = taken;
  expect(easy).toBeGreaterThan(hard + 5);
}

describe("an easy film gets a higher CRF than a hard one, and both are as good as wished:", () => {
  test("by the ffmpeg on PATH", async () => reachesWish(await thisMachine()), LIMIT_MS);
  testOr(noNewer ?? unlessFull, "by a newer one", async () => reachesWish(await newerMachine()), LIMIT_MS);
});

test(
  "what is scaled, or deinterlaced, is compared with a source that was so, too",
  async () => {
    const small = await run("noise.ts", { target_resolution: { width: 96, height: 54 } });
    expect(small).toMatchObject({
      outcome: "done",
      report: { search: { reached: true }, score: { met: true } },
    });
    const whole = await run("fields.mkv", { deinterlace: "full" });
    expect(whole).toMatchObject({
      outcome: "done",
      report: { search: { reached: true }, score: { met: true } },
    });
    expect(whole.report.notes?.join()).toContain("deinterlaced");
  },
  LIMIT_MS,
);

test(
  "a short film is used whole, and the stages are told",
  async () => {
    const stages: string[] = [];
    const ended = await run("short.mp4", {}, { onProgress: ({ stage }) => stages.push(stage) });
    expect(ended).toMatchObject({ outcome: "done", report: { score: { places: 1, met: true } } });
    expect(ended.report.search).toMatchObject({ places: [0], sample_s: 0 });
    expect([...new Set(stages)]).toEqual(["probing", "searching", "encoding", "verifying"]);
  },
  LIMIT_MS,
);

test(
  "without libvmaf, another measure stands for a wish of VMAF, and says so",
  async () => {
    const ended = await run("short.mp4", { quality: { measure: "vmaf", score: 90 } });
    expect(ended).toMatchObject({ outcome: "done", report: { search: { wish: "vmaf 90" } } });
    const { search, notes } = ended.report;
    if (search?.measure === "vmaf") expect(search.wanted).toBe(90);
    else expect(notes?.join()).toContain("This ffmpeg has no libvmaf");
  },
  LIMIT_MS,
);

test(
  "a ceiling holds although more would be needed; measured says what it costs, quick hands it in with a note",
  async () => {
    const changes = { bitrate: 60_000, verify: "quick" } as const;
    const ended = await run("noise.ts", changes);
    expect(ended).toMatchObject({
      outcome: "done",
      report: { search: { reached: false }, score: { met: false } },
    });
    expect(ended.report.notes?.join()).toContain(
      "No setting of the encoder makes this film as good as wished",
    );
    // Eight seconds, and what the first pictures are ahead of their rate.
    if (ended.outcome === "done") expect(ended.size).toBeLessThan((1.3 * 8 * 60_000) / 8);
    const strict = await run("noise.ts", { ...changes, verify: "measured" });
    expect(strict).toMatchObject({ outcome: "permanent", reason: "quality_missed" });
    expect("message" in strict && strict.message).toContain("Raise conversion.bitrate");
  },
  LIMIT_MS,
);

/** ffmpeg as it is, but for whole films, to which `filter` is done besides. */
async function worse(name: string, filter: string): Promise<Capabilities> {
  const { ffmpeg, ...rest } = await thisMachine();
  const body = `
    const film = argv.indexOf("-filter:v:0") + 1;
    if (film > 0 && !target.includes("vc-samples-")) argv[film] += ",${filter}";
    process.exit(real(argv));`;
  return { ...rest, ffmpeg: { ...ffmpeg, path: await makeFake(folder.path, name, body, ffmpeg.path) } };
}

describe("a result that was made worse than its samples", () => {
  test(
    "is made once more with a better setting, and refused when it is not good then, either",
    async () => {
      const capabilities = await worse("blurred", "boxblur=2");
      const ended = await run("noise.ts", {}, { capabilities });
      expect(ended).toMatchObject({ outcome: "permanent", reason: "quality_missed" });
      expect("message" in ended && ended.message).toContain("not as good as wished: it scores SSIM");
      const { search, earlier = [], command = [] } = ended.report;
      expect(earlier).toHaveLength(1);
      const crf = (argv: string[] = []) => Number(argv[argv.indexOf("-crf") + 1]);
      expect(crf(earlier[0]?.command)).toBe(search?.taken ?? 0);
      expect(crf(command)).toBeLessThan(search?.taken ?? 0);
    },
    LIMIT_MS,
  );

  test(
    "is handed in with a note where nobody asked for proof",
    async () => {
      const capabilities = await worse("noted", "boxblur=1");
      const ended = await run("short.mp4", { verify: "full" }, { capabilities });
      expect(ended).toMatchObject({ outcome: "done", report: { verified: "full", score: { met: false } } });
      expect(ended.report.notes?.join()).toContain("The film was made twice");
    },
    LIMIT_MS,
  );

  test(
    "falls below the floor of plain numbers, too",
    async () => {
      const capabilities = await worse("floor", "noise=alls=40:allf=t");
      const ended = await run("noise.ts", { quality: 20 }, { capabilities });
      expect(ended).toMatchObject({ outcome: "retry", reason: "verification_failed" });
      expect(ended.report.score).toMatchObject({ wanted: null, met: false });
      const whole = await run("noise.ts", { quality: 20 });
      expect(whole).toMatchObject({
        outcome: "done",
        report: { verified: "measured", score: { met: true } },
      });
      expect(whole.report.search).toBeUndefined();
    },
    LIMIT_MS,
  );
});

describe("a search", () => {
  test(
    "ends with the attempt",
    async () => {
      const stop = new AbortController();
      const ended = await run(
        "noise.ts",
        {},
        { signal: stop.signal, onProgress: ({ stage }) => stage === "searching" && stop.abort() },
      );
      expect(ended).toMatchObject({ outcome: "retry", reason: "cancelled" });
      expect(ended.report.search).toBeUndefined();
    },
    LIMIT_MS,
  );

  test(
    "ends with job_timeout, and where ffmpeg stands still",
    async () => {
      const { ffmpeg, ...rest } = await thisMachine();
      const hang = `if (target.includes("vc-samples-")) { process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); } else process.exit(real(argv));`;
      const path = await makeFake(folder.path, "stands", hang, ffmpeg.path);
      const capabilities = { ...rest, ffmpeg: { ...ffmpeg, path } };
      const graces = { kill_ms: 300, end_ms: 600, gone_ms: 10_000 };
      const still = { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 2000 };
      const stalled = await run("short.mp4", {}, { capabilities, graces, limits: still });
      expect(stalled).toMatchObject({ outcome: "retry", reason: "stalled" });
      const late = { job_timeout_ms: 4000, ffmpeg_timeout_ms: 0, stall_timeout_ms: 60_000 };
      const timed = await run("short.mp4", {}, { capabilities, graces, limits: late });
      expect(timed).toMatchObject({ outcome: "retry", reason: "job_timeout" });
    },
    LIMIT_MS,
  );
});

/** Stands in for an ffmpeg with libvmaf: SSIM is measured in its place, and told as a percentage in VMAF's words. */
async function withVmaf(): Promise<Capabilities> {
  const { ffmpeg, ...rest } = await thisMachine();
  const path = at("vmaf.js");
  const real = JSON.stringify(ffmpeg.path);
  await Bun.write(
    path,
    `#!${process.execPath}
const argv = process.argv.slice(2);
const asked = argv.some((one) => one.includes("libvmaf"));
const given = argv.map((one) => one.replace(/libvmaf@score=model=version=vmaf_v0.6.1:n_threads=4:repeatlast=0/, "ssim"));
const run = Bun.spawnSync([${real}, ...given], { stdio: ["ignore", "inherit", asked ? "pipe" : "inherit"] });
const said = String(run.stderr ?? "");
const [, ssim] = /All:([0-9.]+)/.exec(said) ?? [];
const told = "[libvmaf@score @ 0x1] [info] VMAF score: " + 100 * ssim;
if (asked) console.error(said.replace(/.*SSIM Y.*/, told));
process.exit(run.exitCode);
`,
  );
  await chmod(path, 0o755);
  return { ...rest, ffmpeg: { ...ffmpeg, path } };
}

test(
  "libvmaf's scores are taken where ffmpeg has it",
  async () => {
    const quality = { measure: "vmaf", score: 97 } as const;
    const ended = await run("short.mp4", { quality }, { capabilities: await withVmaf() });
    const search = { measure: "vmaf", wanted: 97, reached: true };
    expect(ended).toMatchObject({
      outcome: "done",
      report: { search, score: { measure: "vmaf", wanted: 97, met: true }, notes: [] },
    });
  },
  LIMIT_MS,
);
