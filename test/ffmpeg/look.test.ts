import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { tryMachine } from "../../src/ffmpeg/trial.ts";
import { toCapabilities } from "../../src/ffmpeg/trial-capabilities.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { box, number, withBox, withMatrix } from "../support/containers.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Films of every shape, converted by the ffmpeg on PATH and by a newer one, and judged by the former. */

const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let machines: Record<string, Capabilities>;
beforeAll(async () => {
  folder = await temporaryFolder();
  machines = { old: await thisMachine(), ...(newer === null ? {} : { new: await newerMachine(newer) }) };
}, LIMIT_MS);
afterAll(() => folder.remove());

async function newerMachine(tools: NonNullable<typeof newer>): Promise<Capabilities> {
  const ffmpeg = await findFfmpeg({ path: tools.ffmpeg, ffprobe_path: tools.ffprobe });
  // The few tests that it has otherwise need no more than the other one was proven to do.
  if (unlessFull !== null) return { ...(await thisMachine()), ffmpeg };
  return toCapabilities({ ffmpeg, devices: [], tried: await tryMachine({ ffmpeg }) });
}

const MACHINES = ["old", "new"];

/** A test for each of the two ffmpegs; the newer one has most of them among the long trials. */
function onBoth(
  name: string,
  run: (machine: string) => Promise<void>,
  skipped: { old?: string | null; new?: string | null } = {},
): void {
  const { old = null, new: onNew = unlessFull } = skipped;
  for (const machine of MACHINES) {
    const reason = machine === "new" ? (noNewer ?? onNew) : old;
    testOr(reason, `${name} (${machine} ffmpeg)`, () => run(machine), LIMIT_MS);
  }
}

function ffmpeg(...options: string[]): Buffer {
  const run = Bun.spawnSync(["ffmpeg", "-v", "error", "-nostdin", "-y", ...options]);
  if (run.exitCode !== 0) throw new Error(`${options.join(" ")}: ${run.stderr}`);
  return Buffer.from(run.stdout);
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "8", "-pix_fmt", "yuv420p"];

/** A film of ffmpeg's test picture. */
async function makeFilm(name: string, of: { source?: string; output?: string[] } = {}): Promise<string> {
  const path = join(folder.path, name);
  const { source = "testsrc2=s=96x64:r=10:d=1", output = X264 } = of;
  ffmpeg("-f", "lavfi", "-i", source, ...output, path);
  return path;
}

let made = 0;
async function become(machine: string, source: string, changes: Partial<Conversion> = {}) {
  made += 1;
  const target = join(folder.path, `result-${made}.${changes.container ?? "mp4"}`);
  const capabilities = machines[machine] ?? (await thisMachine());
  const wanted = { quality: 10, ...changes };
  const ended = await convert({ source, target }, wanted, { capabilities });
  if (ended.outcome !== "done") throw new Error(`${source}: ${ended.message}\n${ended.report.log_tail}`);
  const { ffprobe_path } = (await thisMachine()).ffmpeg;
  const inspected = await inspect({ ffprobe_path, path: target });
  if ("refusal" in inspected) throw new Error(inspected.refusal.message);
  const [film] = inspected.media.video;
  if (film === undefined) throw new Error("no film");
  return { path: target, film, media: inspected.media, notes: ended.report.notes ?? [] };
}

/** The pictures' brightness, after a filter. */
function pictures(path: string, filter = "null"): Buffer {
  const gray = `${filter},format=gray`;
  return ffmpeg("-noautorotate", "-i", path, "-vf", gray, "-fps_mode", "passthrough", "-f", "rawvideo", "-");
}

/** Mean difference of two films' samples; infinite where they are not of one size. */
function apart(a: Buffer, b: Buffer): number {
  if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
  return a.reduce((sum, sample, n) => sum + Math.abs(sample - (b[n] ?? 0)), 0) / a.length;
}

/** What encoding at a high quality changes. */
const ALIKE = 4;

/** Of each kind one; the others are among the long trials. */
const ORIENTATIONS: [string, [number, number, number, number], string, string | null][] = [
  ["as stored", [1, 0, 0, 1], "null", unlessFull],
  ["a quarter with the clock", [0, 1, -1, 0], "transpose=1", unlessFull],
  ["upside down", [-1, 0, 0, -1], "hflip,vflip", null],
  ["a quarter against the clock", [0, -1, 1, 0], "transpose=2", null],
  ["mirrored", [-1, 0, 0, 1], "hflip", null],
  ["mirrored upside down", [1, 0, 0, -1], "vflip", unlessFull],
  ["along one diagonal", [0, 1, 1, 0], "transpose=0", null],
  ["along the other", [0, -1, -1, 0], "transpose=3", unlessFull],
];

describe("orientation", () => {
  for (const [name, matrix, filter, old] of ORIENTATIONS) {
    const run = async (machine: string) => {
      const plain = await makeFilm("plain.mp4");
      const source = join(folder.path, "turned.mp4");
      await writeFile(source, withMatrix(await readFile(plain), matrix));
      const { path, film } = await become(machine, source);
      expect(apart(pictures(path), pictures(plain, filter))).toBeLessThan(ALIKE);
      expect(film).toMatchObject({ rotation: 0, mirrored: false });
    };
    onBoth(name, run, { old });
  }

  onBoth("told by the pictures alone", async (machine) => {
    const plain = await makeFilm("plain.mp4");
    const source = join(folder.path, "sei.mp4");
    const turn = "h264_metadata=display_orientation=insert:rotate=90";
    ffmpeg("-i", plain, "-c", "copy", "-bsf:v", turn, source);
    const { path, film } = await become(machine, source, { container: "mkv" });
    expect(film).toMatchObject({ width: 64, height: 96, rotation: 0 });
    // ffmpeg counts this turn against the clock.
    expect(apart(pictures(path), pictures(plain, "transpose=2"))).toBeLessThan(ALIKE);
  });

  test(
    "a turn that is no quarter is refused with a sentence",
    async () => {
      const source = join(folder.path, "tilted.mp4");
      await writeFile(
        source,
        withMatrix(await readFile(await makeFilm("plain.mp4")), [
          Math.SQRT1_2,
          Math.SQRT1_2,
          -Math.SQRT1_2,
          Math.SQRT1_2,
        ]),
      );
      const ended = await convert({ source, target: join(folder.path, "tilted.out.mp4") });
      expect(ended).toMatchObject({ outcome: "permanent", message: expect.stringContaining("45 degrees") });
    },
    LIMIT_MS,
  );
});

describe("shape", () => {
  onBoth("a clean aperture is cropped, upright", async (machine) => {
    const plain = await makeFilm("plain.mp4");
    const clap = box("clap", ...[90, 1, 60, 1, 1, 1, 0, 1].map(number));
    const path = ["moov", "trak", "mdia", "minf", "stbl", "stsd", "avc1"];
    const source = join(folder.path, "clap.mp4");
    await writeFile(source, withMatrix(withBox(await readFile(plain), path, clap), [0, 1, -1, 0]));
    const { path: result, film, notes } = await become(machine, source);
    expect(film).toMatchObject({ width: 60, height: 90, crop: null });
    expect(apart(pictures(result), pictures(plain, "crop=90:60:4:2:exact=1,transpose=1"))).toBeLessThan(
      ALIKE,
    );
    expect(notes).toContain("The picture was cropped from 96x64 to 60x90, as the file says.");
  });

  onBoth("an odd size loses nothing", async (machine) => {
    const odd = ["-c:v", "ffv1", "-pix_fmt", "yuv420p"];
    const source = await makeFilm("odd.mkv", {
      source: "testsrc2=s=98x66:r=10:d=1,format=yuv444p,scale=97:65",
      output: odd,
    });
    const { path, film } = await become(machine, source);
    expect(film).toMatchObject({ width: 98, height: 66, sample_aspect_ratio: { num: 1, den: 1 } });
    expect(apart(pictures(path, "crop=97:65:0:0:exact=1"), pictures(source))).toBeLessThan(ALIKE);
    // What was added is a copy of what lies beside it.
    expect(
      apart(pictures(path, "crop=1:66:97:0:exact=1"), pictures(path, "crop=1:66:96:0:exact=1")),
    ).toBeLessThan(8);
  });

  onBoth("a lossless film keeps its odd size and its pixels", async (machine) => {
    const wide = ["-vf", "setsar=4/3", "-c:v", "ffv1", "-pix_fmt", "yuv420p"];
    const source = await makeFilm("wide.mkv", {
      source: "testsrc2=s=98x66:r=10:d=1,format=yuv444p,scale=97:65",
      output: wide,
    });
    const { path, film } = await become(machine, source, { codec: "ffv1", container: "mkv" });
    expect(film).toMatchObject({ width: 97, height: 65, sample_aspect_ratio: { num: 4, den: 3 } });
    expect(apart(pictures(path), pictures(source))).toBe(0);
  });

  onBoth("pixels that cannot be are named", async (machine) => {
    const source = await makeFilm("needle.mp4", { output: ["-vf", "setsar=1/50", ...X264] });
    const { film, notes } = await become(machine, source);
    expect(film).toMatchObject({ width: 96, height: 64 });
    expect(notes[0]).toContain("its pixels are 1:50, which cannot be; they were taken for square");
  });

  onBoth("transparency and RGB stay where the codec can hold them", async (machine) => {
    const source = await makeFilm("alpha.mkv", { output: ["-pix_fmt", "rgba", "-c:v", "png"] });
    for (const [codec, pixel_format] of [
      ["ffv1", "bgra"],
      ["prores", "yuva444p12le"],
    ] as const) {
      const { film, notes } = await become(machine, source, { codec, container: "mkv" });
      expect([film.pixel_format, notes]).toEqual([pixel_format, []]);
    }
  });
});

const FIELDS = "testsrc2=s=160x120:r=50:d=3,tinterlace=interleave_";
const CODED = [...X264, "-flags", "+ildct+ilme", "-x264opts"];

describe("fields", () => {
  onBoth("are found, whatever the header says", async (machine) => {
    const told = await makeFilm("told.mp4", { source: `${FIELDS}top`, output: [...CODED, "tff=1"] });
    const untold = await makeFilm("untold.mp4", { source: `${FIELDS}bottom` });
    for (const source of [told, untold]) {
      const order = source === told ? "tff" : "bff";
      const full = await become(machine, source, { deinterlace: "full", verify: "full" });
      expect(full.film).toMatchObject({ frames: 150, frame_rate: 50, interlaced: false });
      const woven = `bwdif=mode=send_field:parity=${order}:deint=all`;
      expect(apart(pictures(full.path), pictures(source, woven))).toBeLessThan(ALIKE);
      if (source === told || unlessFull === null) {
        const half = await become(machine, source);
        expect(half.film).toMatchObject({ frames: 75, frame_rate: 25, interlaced: false });
      }
      if (source === untold || unlessFull === null) {
        const kept = await become(machine, source, { deinterlace: "off" });
        expect(kept.film).toMatchObject({
          frames: 75,
          interlaced: true,
          scan: { first: order === "tff" ? "top" : "bottom" },
        });
        expect(apart(pictures(kept.path), pictures(source))).toBeLessThan(ALIKE);
      }
    }
  });

  onBoth("that are none are left as they are", async (machine) => {
    const source = await makeFilm("fake.mp4", {
      source: "testsrc2=s=160x120:r=25:d=3",
      output: [...CODED, "tff=1"],
    });
    const { path, film, notes } = await become(machine, source, { deinterlace: "full" });
    expect(film).toMatchObject({ frames: 75, interlaced: false });
    expect(apart(pictures(path), pictures(source))).toBeLessThan(ALIKE);
    expect(notes[0]).toContain("pictures are whole");
  });

  onBoth("are told by every picture of a tape, and by no header", async (machine) => {
    const output = ["-c:v", "dvvideo", "-pix_fmt", "yuv420p"];
    const source = await makeFilm("tape.dv", { source: "testsrc2=s=720x576:r=25:d=0.8", output });
    const { film, notes } = await become(machine, source, { codec: "ffv1", container: "mkv" });
    expect([film.frames ?? 20, film.interlaced]).toEqual([20, false]);
    expect(notes[0]).toContain("its pictures are whole");
  });

  onBoth("are not looked for in slow motion", async (machine) => {
    const source = await makeFilm("slow.mp4", { source: "testsrc2=s=320x240:r=240:d=1" });
    const { film, notes } = await become(machine, source);
    expect([film.frames, notes]).toEqual([240, []]);
  });

  onBoth(
    "of telecine are paired as they were",
    async (machine) => {
      const source = await makeFilm("film.mp4", { source: "testsrc2=s=160x120:r=24000/1001:d=4,telecine" });
      const { path, film, notes } = await become(machine, source);
      expect(film).toMatchObject({ frames: 120 });
      expect(notes[0]).toContain("paired anew");
      // Every fifth picture stands twice, so that those of the film are left.
      const whole = pictures(path, "decimate");
      const original = await makeFilm("original.mp4", { source: "testsrc2=s=160x120:r=24000/1001:d=4" });
      const size = 160 * 120;
      const nearest = (n: number) =>
        Math.min(
          ...[n - 1, n, n + 1].map((k) =>
            apart(whole.subarray(n * size, (n + 1) * size), pictured.subarray(k * size, (k + 1) * size)),
          ),
        );
      const pictured = pictures(original);
      expect(Math.max(...[10, 25, 40, 60, 75].map(nearest))).toBeLessThan(ALIKE);
    },
    { new: null },
  );
});

const TIMES = ["-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"];

/** The times of the frames that are shown, from the first one on. */
function shown(path: string): number[] {
  const run = Bun.spawnSync(["ffprobe", "-v", "error", ...TIMES, path]);
  const lines = run.stdout.toString().trim().split("\n");
  const times = lines.filter((line) => !line.includes("D")).map((line) => Number(line.split(",")[0]));
  const sorted = times.sort((a, b) => a - b);
  return sorted.map((time_s) => Math.round((time_s - (sorted[0] ?? 0)) * 1000) / 1000);
}

describe("times", () => {
  const variable = [
    "-vf",
    "select='not(mod(n,3))+gt(random(1),0.6)',setpts='PTS+0.37/TB*gt(T,2)'",
    "-fps_mode",
    "vfr",
  ];
  onBoth("of a variable rate are kept to the millisecond", async (machine) => {
    const output = [...variable, "-enc_time_base", "1:90000", ...X264];
    const source = await makeFilm("variable.mp4", { source: "testsrc2=s=96x64:r=30:d=4", output });
    for (const changes of [{}, { codec: "av1", container: "mkv", verify: "full" }] as const) {
      const times = shown((await become(machine, source, changes)).path);
      const wanted = shown(source);
      expect(times.length).toBe(wanted.length);
      expect(times.every((time_s, n) => Math.abs(time_s - (wanted[n] ?? -1)) < 0.0015)).toBe(true);
    }
  });

  onBoth("before an edit list's start are not shown", async (machine) => {
    const whole = await makeFilm("whole.mp4", {
      source: "testsrc2=s=96x64:r=25:d=4",
      output: [...X264, "-g", "50"],
    });
    const source = join(folder.path, "edited.mp4");
    ffmpeg("-ss", "1.3", "-i", whole, "-c", "copy", source);
    const { path } = await become(machine, source, { container: "mkv" });
    expect(shown(path).length).toBe(shown(source).length);
    expect(shown(path).length).toBeLessThan(75);
    expect(apart(pictures(path, "trim=end_frame=1"), pictures(source, "trim=end_frame=1"))).toBeLessThan(
      ALIKE,
    );
  });
});
