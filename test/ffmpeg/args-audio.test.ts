import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseProbe } from "../../src/ffmpeg/probe.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { AudioStream } from "../../src/shared/media.ts";
import { apart, clickAndFlash } from "../support/lip-sync.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 240_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let machine: Capabilities;
beforeAll(async () => {
  folder = await temporaryFolder();
  machine = await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

type Programs = { path: string; ffprobe_path: string } | null;
const NEWER: Programs = newer === null ? null : { path: newer.ffmpeg, ffprobe_path: newer.ffprobe };

/** The tests of the newer ffmpeg are among the long trials. */
function onBoth(name: string, define: (programs: Programs) => void): void {
  describe(`${name}: this machine's ffmpeg`, () => define(null));
  const reason = noNewer ?? unlessFull;
  if (reason === null) describe(`${name}: a newer one`, () => define(NEWER));
  else testOr(reason, `${name}: a newer one`, () => undefined);
}

async function make(name: string, options: string[]): Promise<string> {
  const path = join(folder.path, name);
  const cmd = [machine.ffmpeg.path, "-v", "error", "-nostdin", "-y", ...options, path];
  const child = Bun.spawn({ cmd, stdin: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${name}: ${said}`);
  return path;
}

/** Converts and tells what came out. */
async function convertBy(programs: Programs, source: string, changes: Partial<Conversion>) {
  const capabilities = { ...machine, ffmpeg: { ...machine.ffmpeg, ...programs } };
  const target = join(folder.path, `result.${changes.container ?? "mp4"}`);
  const ended = await convert({ source, target }, changes, { capabilities });
  const message = ended.outcome === "done" ? "" : ended.message;
  expect({ source, outcome: ended.outcome, message }).toEqual({ source, outcome: "done", message: "" });
  return {
    target,
    notes: ended.report.notes ?? [],
    audio: audioOf(capabilities.ffmpeg.ffprobe_path, target),
  };
}

function audioOf(ffprobe: string, path: string): AudioStream[] {
  const cmd = [ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json", path];
  const parsed = parseProbe(JSON.parse(Bun.spawnSync({ cmd }).stdout.toString()), 1);
  if ("refusal" in parsed) throw new Error(parsed.refusal.message);
  return parsed.media.audio;
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"];
const SHORT = clickAndFlash({ length_s: 8, period_s: 1 });
/** What lips may be off by. */
const LIPS_S = 0.0201;
const AAC = { container: "mp4" } as const;
const OPUS = { container: "mkv", audio_codec: "opus" } as const;
const BOTH = [AAC, OPUS];

onBoth("lips stay in step", (programs) => {
  const base = () => make("base.mkv", [...SHORT, ...X264, "-c:a", "pcm_s16le"]);
  const shifted = (first: string[], second: string[]) => async () => {
    const path = await base();
    return make("shifted.mkv", [
      ...first,
      "-i",
      path,
      ...second,
      "-i",
      path,
      "-map",
      "0:v",
      "-map",
      "1:a",
      "-c",
      "copy",
    ]);
  };
  const bits = (name: string, codec: string, filter: string) => async () => {
    const path = await make(`coded-${name}`, [...SHORT, ...X264, "-c:a", codec]);
    return make(name, ["-i", path, "-c", "copy", "-bsf:a", filter]);
  };
  const [slow, fast] = ["1.004", "0.996"].map((rate) => `setts=pts=PTS*${rate}:dts=DTS*${rate}`);
  // All are made both ways among the long trials, and in one of them otherwise (null: in both).
  const rows: [string, () => Promise<string>, (typeof BOTH)[number] | null][] = [
    ["sound that begins later", shifted([], ["-itsoffset", "0.3"]), null],
    ["sound that begins earlier", shifted(["-itsoffset", "0.3"], []), AAC],
    ["single packets that are missing", bits("holes.mp4", "aac", "noise=drop='eq(mod(n,20),10)'"), OPUS],
    ["a second that is missing", bits("hole.mkv", "ac3", "noise=drop='between(n,75,100)'"), AAC],
    ["a clock that runs slow", bits("slow.mkv", "ac3", `${slow}`), OPUS],
    ["a clock that runs fast", bits("fast.mkv", "ac3", `${fast}`), AAC],
  ];
  test.each(rows)(
    "%s",
    async (_what, film, alone) => {
      const path = await film();
      const ffmpeg = machine.ffmpeg.path;
      const before = await apart({ ffmpeg, path });
      for (const changes of unlessFull === null || alone === null ? BOTH : [alone]) {
        const { target } = await convertBy(programs, path, changes);
        const after = await apart({ ffmpeg, path: target });
        expect(after.length).toBe(before.length);
        // A click in the hole is not there.
        const off = after
          .map((lag, n) => lag - (before[n] ?? 0))
          .filter((_, n) => Math.abs(before[n] ?? 9) < 0.4);
        expect(off.length).toBeGreaterThan(5);
        expect(Math.max(...off.map(Math.abs))).toBeLessThan(LIPS_S);
      }
    },
    LIMIT_MS,
  );
});

testOr(
  unlessFull,
  "over two hours of a clock that runs slow by 100 parts in a million",
  async () => {
    const length = clickAndFlash({ length_s: 7200, period_s: 600, rate: 1, hertz: 8000 });
    const whole = await make("long.mkv", [...length, ...X264, "-c:a", "mp2", "-ar", "16000"]);
    const path = await make("drift.mkv", [
      "-i",
      whole,
      "-c",
      "copy",
      "-bsf:a",
      "setts=pts=PTS*1.0001:dts=DTS*1.0001",
    ]);
    const ffmpeg = machine.ffmpeg.path;
    const before = await apart({ ffmpeg, path });
    expect(before.at(-1)).toBeGreaterThan(0.6);
    const { target } = await convertBy(null, path, {});
    const after = await apart({ ffmpeg, path: target });
    const off = after.map((lag, n) => lag - (before[n] ?? 0));
    expect(off.length).toBe(12);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(LIPS_S);
  },
  LIMIT_MS,
);

onBoth("tracks", (programs) => {
  const tone = "sine=d=2:r=48000";
  const film = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2", "-f", "lavfi", "-i", tone];

  test.each(["mp4", "mkv"] as const)(
    "keep their order and labels in %s",
    async (container) => {
      const maps = ["-map", "0:v", ...Array(5).fill(["-map", "1:a"]).flat()];
      const label = (n: number, flags: string, language: string, title: string) => [
        ...[`-disposition:a:${n}`, flags, `-metadata:s:a:${n}`, `language=${language}`],
        ...(title === "" ? [] : [`-metadata:s:a:${n}`, `title=${title}`]),
      ];
      const labels = [
        ...label(0, "comment", "eng", "Director's words"),
        ...label(1, "default", "ger", "Deutsch – Überschrift"),
        ...label(2, "visual_impaired", "fre", ""),
        ...label(3, "forced+hearing_impaired", "jpn", "x=y; #z"),
        ...label(4, "0", "und", ""),
      ];
      const source = await make("labels.mkv", [...film, ...maps, ...X264, "-c:a", "ac3", ...labels]);
      for (const audio_codec of ["aac", "copy"] as const) {
        const { audio, target } = await convertBy(programs, source, { container, audio_codec });
        const told = audio.map(({ language, title, flags }) => [language, title, flags.join("+")]);
        expect(told).toEqual([
          ["eng", "Director's words", "comment"],
          ["ger", "Deutsch – Überschrift", "default"],
          ["fre", null, "visual_impaired"],
          ["jpn", "x=y; #z", "forced+hearing_impaired"],
          [null, null, ""],
        ]);
        // Also by a prober of another age.
        expect(
          audioOf(newer?.ffprobe ?? machine.ffmpeg.ffprobe_path, target).map(({ title }) => title),
        ).toEqual(audio.map(({ title }) => title));
      }
    },
    LIMIT_MS,
  );

  const opus = { container: "mkv", audio_codec: "opus" } as const;
  const layouts: [string[], Partial<Conversion>, string[]][] = [
    [["5.1(side)", "7.1", "2.1", "6.1(back)", "octagonal"], {}, ["5.1", "7.1", "5.1", "7.1", "7.1"]],
    [["7.1", "7.1(wide)"], opus, ["7.1", "7.1"]],
    [["22.2"], {}, ["7.1"]],
    [["5.1"], { audio_channels: "stereo" }, ["stereo"]],
  ];
  test.each(layouts)(
    "%p, %p",
    async (tracks, changes, expected) => {
      // FLAC tells every layout of up to eight channels, PCM in NUT any number.
      const [extension, codec] = tracks.includes("22.2") ? ["nut", "pcm_s16le"] : ["mkv", "flac"];
      const picture = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2"];
      const silences = tracks.flatMap((layout) => ["-f", "lavfi", "-i", `anullsrc=cl=${layout}:d=2`]);
      const maps = [...tracks.keys()].flatMap((n) => ["-map", `${n + 1}:a`]);
      const options = [...picture, ...silences, "-map", "0:v", ...maps, ...X264, "-c:a", codec ?? ""];
      const source = await make(`layout.${extension}`, options);
      const { audio } = await convertBy(programs, source, changes);
      expect(audio.map(({ channel_layout }) => channel_layout)).toEqual(expected);
    },
    LIMIT_MS,
  );

  test(
    "each of Opus's channels comes where it was, in every layout",
    async () => {
      for (const layout of ["3.0", "quad", "5.0", "5.1", "6.1", "7.1"]) {
        const picture = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2"];
        const count = { "3.0": 3, quad: 4, "5.0": 5, "5.1": 6, "6.1": 7, "7.1": 8 }[layout] ?? 0;
        // Each is half as loud as the one before, and low enough for the one of the bass.
        const sounds = Array.from({ length: count }, (_, n) => `${0.8 / 2 ** n}*sin(2*PI*60*t+${n})`);
        const sound = ["-f", "lavfi", "-i", `aevalsrc=${sounds.join("|")}:s=48000:c=${layout}:d=2`];
        const source = await make("order.mkv", [...picture, ...sound, ...X264, "-c:a", "flac"]);
        const { target } = await convertBy(programs, source, opus);
        const loudest = await loudnesses(target, count);
        expect({ layout, order: [...loudest].sort((a, b) => b - a) }).toEqual({ layout, order: loudest });
      }
    },
    LIMIT_MS,
  );

  test.each([
    ["mp4", ["pcm_s24le", "flac"], "mkv", "alac"],
    ["mkv", ["pcm_s16le"], "avi", "pcm_s16le"],
    ["mkv", ["pcm_s24be"], "mov", "pcm_s24be"],
  ] as const)(
    "lossless to %s: %j in %s stay the same to the bit as %s",
    async (container, codecs, extension, expected) => {
      const video = extension === "avi" ? ["-c:v", "mjpeg"] : X264;
      const sounds = codecs.flatMap((codec, n) => ["-map", "1:a", `-c:a:${n}`, codec]);
      const options = [...film, "-map", "0:v", ...video, ...sounds, "-ac", "2"];
      const source = await make(`exact.${extension}`, options);
      const { audio, target } = await convertBy(programs, source, { container, audio_lossless: "keep" });
      expect(audio.map((track) => track.codec)).toEqual(codecs.map(() => expected));
      const sums = sumsOf(source);
      expect(sums.match(/MD5=/g)).toHaveLength(codecs.length);
      expect(sumsOf(target)).toBe(sums);
    },
    LIMIT_MS,
  );

  test(
    "that hold nothing, begin late or are unknown are told, and the film is made",
    async () => {
      const whole = await make("whole.ts", [...film, ...X264, "-c:a", "aac"]);
      const two = withSecondSound(whole);
      const empty = await convertBy(programs, await make("empty.mkv", [...two, "noise=drop=1"]), {});
      expect(empty.audio.length).toBe(1);
      expect(empty.notes).toEqual([
        "Audio track 2 could not be kept: it holds no sound that ffmpeg could find.",
      ]);

      const long = await make("long.ts", [
        ...clickAndFlash({ length_s: 16, period_s: 2 }),
        ...X264,
        "-c:a",
        "aac",
      ]);
      const both = withSecondSound(long);
      const late = await make("late.ts", [...both, "noise=drop='lt(n,600)'"]);
      for (const audio_codec of ["aac", "copy"] as const) {
        const { audio, target } = await convertBy(programs, late, { audio_codec });
        expect(audio.length).toBe(2);
        const lags = await apart({ ffmpeg: machine.ffmpeg.path, path: target, track: 1 });
        expect(Math.abs(lags.at(-1) ?? 9)).toBeLessThan(LIPS_S);
      }

      const mkv = await make("known.mkv", [...film, ...X264, "-c:a", "aac"]);
      const bytes = await Bun.file(mkv).bytes();
      const unknown = join(folder.path, "unknown.mkv");
      bytes.set(Buffer.from("A_QQQ"), Buffer.from(bytes).indexOf("A_AAC"));
      await Bun.write(unknown, bytes);
      const { notes } = await convertBy(programs, unknown, { audio_codec: "copy" });
      expect(notes[0]).toContain("Audio track 1 could not be kept");
    },
    LIMIT_MS,
  );

  test(
    "whose form changes on the way",
    async () => {
      const part = (name: string, layout: string, rate: number, at_s: number) =>
        make(name, [
          ...["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=4", "-f", "lavfi", "-i", `sine=d=4:r=${rate}`],
          ...[
            ...X264,
            "-c:a",
            "aac",
            "-af",
            `aformat=channel_layouts=${layout}`,
            "-output_ts_offset",
            `${at_s}`,
          ],
        ]);
      const first = await part("one.ts", "mono", 48_000, 0);
      for (const [layout, rate] of [
        ["5.1", 48_000],
        ["mono", 44_100],
      ] as const) {
        const parts = [first, await part("two.ts", layout, rate, 4)];
        const path = join(folder.path, "changes.ts");
        await Bun.write(path, Buffer.concat(await Promise.all(parts.map((one) => Bun.file(one).bytes()))));
        const { audio, target, notes } = await convertBy(programs, path, { audio_codec: "copy" });
        expect(audio).toMatchObject([{ codec: "aac", channel_layout: "mono", sample_rate: 48_000 }]);
        expect(notes[0]).toContain("its form changes on the way");
        expect(loudness(target, 6)).toBeGreaterThan(-40);
      }
    },
    LIMIT_MS,
  );
});

/** MD5 of all samples of each track, decoded to 32 bits; tracks are counted from 0, whatever else the file holds. */
function sumsOf(path: string): string {
  const decoded = ["-map", "0:a", "-c:a", "pcm_s32le", "-f", "streamhash", "-hash", "md5", "-"];
  return Bun.spawnSync({
    cmd: [machine.ffmpeg.path, "-v", "error", "-i", path, ...decoded],
  }).stdout.toString();
}

/** The mean of a second of a track's sound, in dB. */
function loudness(path: string, at_s: number, track = 0): number {
  const cut = ["-ss", String(at_s), "-t", "1", "-i", path, "-map", `0:a:${track}`];
  const cmd = [machine.ffmpeg.path, "-hide_banner", ...cut, "-af", "volumedetect", "-f", "null", "-"];
  const said = Bun.spawnSync({ cmd }).stderr.toString();
  return Number(/mean_volume: (-?[\d.]+)/.exec(said)?.[1] ?? Number.NaN);
}

test(
  "5.1 mixed to stereo by ITU-R BS.775: -3 dB, no LFE, and nothing clips",
  async () => {
    // A track for each channel that alone sounds, and one in which all do.
    const tones = [[0], [2], [3], [4], [0, 1, 2, 3, 4, 5]].map((channels) => {
      const parts = Array.from({ length: 6 }, (_, n) =>
        channels.includes(n) ? "0.99*sin(2*PI*440*t)" : "0",
      );
      return ["-f", "lavfi", "-i", `aevalsrc='${parts.join("|")}':c=5.1:s=48000:d=2`];
    });
    const picture = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2"];
    const maps = ["-map", "0:v", ...tones.flatMap((_, n) => ["-map", `${n + 1}:a`])];
    const options = [...picture, ...tones.flat(), ...maps, ...X264, "-c:a", "flac"];
    const source = await make("surround.mkv", options);
    const { target } = await convertBy(null, source, { audio_channels: "stereo", audio_bitrate: 256_000 });
    const [front = 0, centre = 0, bass = 0, back = 0, all = 0] = tones.map((_, n) =>
      loudness(target, 0.5, n),
    );
    // One of two channels sounds (-3 dB in the mean) of what sounds in both.
    expect(centre - front).toBeCloseTo(0, 0);
    expect(front - back).toBeCloseTo(3, 0);
    expect(bass).toBeLessThan(-60);
    expect(all).toBeCloseTo(-3, 0);
  },
  LIMIT_MS,
);

/** Options for a film's own sound once more, but for what the filter that follows makes of it. */
function withSecondSound(path: string): string[] {
  return [...["-i", path, "-i", path, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy"], "-bsf:a:1"];
}

/** The root of the mean square of each channel. */
async function loudnesses(path: string, channels: number): Promise<number[]> {
  const cmd = [machine.ffmpeg.path, "-v", "error", "-nostdin", "-i", path, "-map", "0:a", "-f", "f32le", "-"];
  const bytes = await new Response(Bun.spawn({ cmd, stdin: "ignore" }).stdout).arrayBuffer();
  const samples = new Float32Array(bytes);
  return Array.from({ length: channels }, (_, channel) => {
    const own = samples.filter((_, n) => n % channels === channel);
    return Math.sqrt(own.reduce((sum, one) => sum + one * one, 0) / own.length);
  });
}
