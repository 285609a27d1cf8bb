import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { CLIPS, makeClip } from "../../scripts/clips.ts";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { Progress } from "../../src/shared/job.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 180_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

async function clip(name: string): Promise<string> {
  const path = join(folder.path, "clips", name);
  return existsSync(path) ? path : makeClip({ name, path });
}

let made = 0;
function target(extension: string): string {
  made += 1;
  return join(folder.path, `result-${made}.partial.${extension}`);
}

/** The result of a clip that must become one. */
async function become(
  name: string,
  changes: Partial<Conversion>,
): Promise<{ result: MediaInfo; notes: string[] }> {
  const path = target(changes.container ?? "mp4");
  const ended = await convert({ source: await clip(name), target: path }, changes);
  if (ended.outcome !== "done") throw new Error(`${name}: ${ended.message}\n${ended.report.log_tail}`);
  const { ffmpeg } = await thisMachine();
  const inspected = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path });
  if ("refusal" in inspected) throw new Error(inspected.refusal.message);
  expect(inspected.media.size_bytes).toBe(ended.size);
  return { result: inspected.media, notes: ended.report.notes ?? [] };
}

const SLIGHTLY_DAMAGED = ["glitch.ts", "glitch-sound.ts"];

/** What other tests here, or those of streams, convert as well: of these, this is among the long trials. */
const ALSO_ELSEWHERE = [
  ...["plain.mp4", "plain.mkv", "tracks.mkv", "cover.mp4", "variable.mp4", "vertical.mp4", "wide-pixels.mpg"],
  ...["ten-bit.mkv", "web.webm", "surround.mkv", "old.avi", "stream.ts", "cut-faststart.mp4"],
];

describe("every clip ends as it should", () => {
  for (const { name, expected } of CLIPS) {
    testOr(
      ALSO_ELSEWHERE.includes(name) ? unlessFull : null,
      `${name}: ${expected}`,
      async () => {
        const path = target("mp4");
        const ended = await convert({ source: await clip(name), target: path });
        const reason = ended.outcome === "done" ? "done" : ended.reason;
        expect({ reason, log: ended.report.log_tail }).toEqual({
          reason: expected,
          log: ended.report.log_tail,
        } as never);
        expect(existsSync(path)).toBe(expected === "done");
        if (ended.outcome !== "done") expect(ended.outcome).not.toBe("retry");
        if (SLIGHTLY_DAMAGED.includes(name)) {
          expect(ended.report.notes?.[0]).toStartWith("The source has small damage at");
        }
      },
      LIMIT_MS,
    );
  }
});

describe("targets", () => {
  const rows: [string, Partial<Conversion>, Partial<MediaInfo["video"][number]>][] = [
    [
      "ten-bit.mkv",
      { codec: "hevc" },
      {
        codec: "hevc",
        pixel_format: "yuv420p10le",
        color: { primaries: "bt2020", transfer: "bt2020-10", matrix: "bt2020nc", range: "tv" },
      },
    ],
    [
      "ten-bit.mkv",
      { codec: "av1", container: "mkv", verify: "full" },
      { codec: "av1", pixel_format: "yuv420p10le" },
    ],
    ["ten-bit.mkv", { codec: "h264", bit_depth: 10 }, { codec: "h264", pixel_format: "yuv420p10le" }],
    [
      "vertical.mp4",
      { target_resolution: { width: 160, height: 120 } },
      { width: 120, height: 160, rotation: 0 },
    ],
    [
      "wide-pixels.mpg",
      { container: "mkv" },
      { width: 512, height: 288, sample_aspect_ratio: { num: 1, den: 1 } },
    ],
    ["variable.mp4", { codec: "hevc", container: "mkv" }, { codec: "hevc" }],
    ["web.webm", { codec: "av1", bitrate: 200_000, audio_codec: "copy" }, { codec: "av1" }],
    ["surround.mkv", { audio_codec: "opus", verify: "full" }, { codec: "h264" }],
  ];
  test.each(rows)(
    "%s %j",
    async (name, changes, expected) => {
      expect((await become(name, changes)).result.video[0]).toMatchObject(expected);
    },
    LIMIT_MS,
  );

  test(
    "a ceiling holds",
    async () => {
      for (const codec of ["h264", "hevc"] as const) {
        const { result } = await become("plain.mp4", {
          codec,
          bitrate: 100_000,
          container: "mkv",
          audio_bitrate: 32_000,
        });
        const bits_per_s = (result.size_bytes * 8) / (result.duration_s ?? 1);
        expect(bits_per_s).toBeLessThan(100_000 * 1.3 + 40_000);
      }
    },
    LIMIT_MS,
  );
});

describe("a film with many tracks", () => {
  test(
    "keeps all of them in Matroska",
    async () => {
      const { result, notes } = await become("tracks.mkv", { container: "mkv" });
      expect(result.audio.map(({ codec, language, title }) => ({ codec, language, title }))).toEqual([
        { codec: "aac", language: "eng", title: null },
        { codec: "aac", language: "ger", title: "Kommentar" },
      ]);
      expect(result.subtitles.map(({ codec, language }) => `${codec} ${language}`)).toEqual([
        "subrip eng",
        "ass fre",
      ]);
      expect(result.other.map(({ kind }) => kind)).toEqual(["attachment"]);
      expect(result.chapters).toBe(2);
      expect(notes).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "keeps in mp4 what that holds, and names the rest",
    async () => {
      const { result, notes } = await become("tracks.mkv", { container: "mp4" });
      expect(result.subtitles.map(({ codec, language }) => `${codec} ${language}`)).toEqual([
        "mov_text eng",
        "mov_text fre",
      ]);
      expect(result.audio).toHaveLength(2);
      expect(result.chapters).toBe(2);
      expect(notes).toHaveLength(2);
      expect(notes[0]).toStartWith("Subtitle track 4 (ass) becomes plain text");
      expect(notes[1]).toMatch(/^Track 5 \(attachment, .*\) was left out: mp4 has no place for it\.$/);
    },
    LIMIT_MS,
  );
});

test(
  "a cover picture is kept in mp4 and in Matroska",
  async () => {
    const kept = await become("cover.mp4", { container: "mp4" });
    expect(kept.result.video.map(({ attached_picture }) => attached_picture)).toEqual([false, true]);
    expect(kept.notes).toEqual([]);
    const attached = await become("cover.mp4", { container: "mkv" });
    expect(attached.result.video[1]).toMatchObject({
      ...{ attached_picture: true, codec: "mjpeg", width: 64 },
      ...{ filename: "cover.jpg", mimetype: "image/jpeg" },
    });
    expect(attached.notes).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a film of variable rate keeps every frame and its time",
  async () => {
    const { result } = await become("variable.mp4", { container: "mp4" });
    const { ffmpeg } = await thisMachine();
    const source = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: await clip("variable.mp4") });
    expect(source).toMatchObject({
      media: { video: [{ frames: result.video[0]?.frames, duration_s: result.video[0]?.duration_s }] },
    });
  },
  LIMIT_MS,
);

test(
  "names that would mean something to ffmpeg are only names",
  async () => {
    const names = [
      "-y %03d.mp4",
      "concat:a|b\n.mp4",
      "'quote\" [0:v];x=,.mp4",
      `http:${"ü".repeat(120)}.mp4`,
    ];
    const source = await clip("plain.mp4");
    for (const name of names) {
      const named = join(folder.path, name);
      await rename(source, named);
      const ended = await convert({ source: named, target: join(folder.path, `out ${name}`) });
      await rename(named, source);
      expect({ name, outcome: ended.outcome }).toEqual({ name, outcome: "done" });
      expect(existsSync(join(folder.path, `out ${name}`))).toBe(true);
    }
  },
  LIMIT_MS,
);

test("a source that is gone is skipped", async () => {
  const ended = await convert({ source: join(folder.path, "nowhere.mkv"), target: target("mp4") });
  expect(ended).toMatchObject({ outcome: "skipped", reason: "source_missing" });
});

test(
  "the report tells what was done, and progress where it is",
  async () => {
    const seen: Progress[] = [];
    const files = { source: await clip("plain.mp4"), target: target("mp4") };
    const { report } = await convert(files, {}, { onProgress: (progress) => seen.push(progress) });
    expect(report).toMatchObject({
      plan: { decode: "cpu", filter: "cpu", encoder: "libx264", family: "software", passed_over: [] },
      notes: [],
      encode_ms: expect.any(Number),
      verify_ms: expect.any(Number),
    });
    expect(report.source_duration).toBeCloseTo(2, 0);
    expect(report.command?.at(-1)).toBe(`file:${files.target}`);
    expect(seen[0]?.stage).toBe("probing");
    expect(seen.filter(({ stage }) => stage === "encoding").at(-1)?.percent).toBe(100);
    expect(seen.at(-1)?.stage).toBe("verifying");
  },
  LIMIT_MS,
);
