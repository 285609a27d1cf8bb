import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { lookAtSound } from "../../src/ffmpeg/look-sound.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { convert, thisMachine } from "./machine.ts";

/** A film with a tone, and a second track of noise: Vorbis that the header calls DTS, or broken MP3. */
async function makeFilm(folder: string, codec: "dts" | "mp3"): Promise<string> {
  const path = join(folder, "film.mkv");
  const inputs = ["testsrc2=s=96x64:r=25:d=1", "sine=f=440:d=1", "sine=f=550:d=1"];
  const second = codec === "dts" ? ["libvorbis"] : ["libmp3lame", "-bsf:a:1", "noise=amount=1"];
  const cmd = [
    ...["ffmpeg", "-v", "error", "-y", ...inputs.flatMap((graph) => ["-f", "lavfi", "-i", graph])],
    ...["-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-pix_fmt", "yuv420p"],
    ...["-c:a:0", "aac", "-c:a:1", ...second, path],
  ];
  expect(await run({ cmd, cwd: folder, env: { PATH: process.env.PATH ?? "" } })).toMatchObject({ exit: 0 });
  if (codec === "mp3") return path;
  const file = await readFile(path);
  file.write("A_DTS".padEnd("A_VORBIS".length, "\0"), file.indexOf("A_VORBIS"), "latin1");
  await writeFile(path, file);
  return path;
}

const TOOLS = [
  ["the old", "dts", null, null],
  ["the old", "mp3", null, null],
  ["the new", "dts", newer, noNewer],
  ["the new", "mp3", newer, noNewer],
] as const;

for (const [which, codec, tools, reason] of TOOLS) {
  testOr(
    reason,
    `a track (${codec}) that ${which} ffmpeg cannot decode does not sink its film`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "vc-sound-"));
      const machine = await thisMachine();
      const ffmpeg = await findFfmpeg({ path: tools?.ffmpeg ?? null, ffprobe_path: tools?.ffprobe ?? null });
      const source = await makeFilm(folder, codec);
      const found = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: source });
      if ("refusal" in found) throw new Error(found.refusal.message);
      const { audio } = await lookAtSound({ ffmpeg, path: source, media: found.media, copies: false });
      expect(audio).toMatchObject([
        { codec: "aac", undecodable: false, empty: false },
        { codec, undecodable: true, empty: false },
      ]);
      const target = join(folder, "result.mkv");
      const options = { capabilities: { ...machine, ffmpeg } };
      const ended = await convert({ source, target }, { container: "mkv", verify: "full" }, options);
      expect(ended).toMatchObject({ outcome: "done" });
      expect(ended.report.notes).toContain(
        `Audio track 2 is kept as it is: this worker's ffmpeg cannot decode it (${codec}).`,
      );
      await rm(folder, { recursive: true });
    },
    60_000,
  );
}

test("tracks that begin late are heard, and those without a sample are empty", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-sound-"));
  const path = join(folder, "late.mkv");
  await writeFile(join(folder, "nothing.raw"), "");
  const cmd = [
    ...["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=5:d=14"],
    ...["-itsoffset", "12", "-f", "lavfi", "-i", "sine=f=440:d=2"],
    ...["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "nothing.raw"],
    ...["-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "pcm_s16le", path],
  ];
  expect(await run({ cmd, cwd: folder, env: { PATH: process.env.PATH ?? "" } })).toMatchObject({ exit: 0 });
  const { ffmpeg } = await thisMachine();
  const found = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path });
  if ("refusal" in found) throw new Error(found.refusal.message);
  const { audio } = await lookAtSound({ ffmpeg, path, media: found.media, copies: false });
  expect(audio.map(({ empty, undecodable }) => ({ empty, undecodable }))).toEqual([
    { empty: false, undecodable: false },
    { empty: true, undecodable: false },
  ]);
  await rm(folder, { recursive: true });
});

test("sound that an edit list hides is not heard in mkv, which could not hide it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-sound-"));
  const ffmpeg = async (...options: string[]) => {
    const cmd = ["ffmpeg", "-v", "error", "-y", ...options];
    const env = { PATH: process.env.PATH ?? "" };
    expect(await run({ cmd, cwd: folder, env })).toMatchObject({ exit: 0 });
  };
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=4", "-f", "lavfi", "-i", "sine=d=4"];
  await ffmpeg(...inputs, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "whole.mp4");
  // The keyframe before it is at 0 s.
  await ffmpeg("-ss", "1", "-i", "whole.mp4", "-c", "copy", "cut.mp4");
  await ffmpeg("-i", "whole.mp4", "-c:v", "copy", "-c:a", "pcm_s16le", "whole.mov");
  await ffmpeg("-ss", "1", "-i", "whole.mov", "-c", "copy", "cut.mov");
  const notes = async (name: string, container: "mp4" | "mkv", more: object = { audio_codec: "copy" }) => {
    const files = { source: join(folder, name), target: join(folder, `result.${container}`) };
    const ended = await convert(files, { container, ...more });
    expect(ended).toMatchObject({ outcome: "done" });
    return ended.report.notes ?? [];
  };
  const told = "Audio track 1 became AAC: the file hides its first 1.0 s, which mkv cannot.";
  expect(await notes("cut.mp4", "mkv")).toContain(told);
  expect(await notes("cut.mp4", "mp4")).not.toContain(told);
  expect(await notes("whole.mp4", "mkv")).toEqual([]);
  const kept = await notes("cut.mov", "mkv", { audio_lossless: "keep" });
  expect(kept.join()).toMatch(/became FLAC: the file hides its first [\d.]+ s/);
  await rm(folder, { recursive: true });
}, 60_000);
