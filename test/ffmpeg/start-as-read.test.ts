import { expect, test } from "bun:test";
import { join } from "node:path";
import { startAsRead } from "../../src/ffmpeg/start-as-read.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import { makePgs } from "../support/picture-subtitles.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";
import { audioStream, media, subtitleStream, videoStream } from "./records.ts";

const recording: MediaInfo = media({
  ...{ format: "mpegts", start_s: 0.8 },
  video: [videoStream({ index: 0, start_s: 1.5 })],
  audio: [audioStream({ index: 1, start_s: 1.4 })],
  subtitles: [subtitleStream({ index: 2, codec: "dvb_teletext", start_s: 0.8 })],
});

test.each<[string, Partial<MediaInfo>, number[], number]>([
  ["what begins first is left out", {}, [0, 1], 1.4],
  ["only the pictures are read", {}, [0], 1.5],
  ["all is read", {}, [0, 1, 2], 0.8],
  [
    "subtitles that begin long before what counts as the file's beginning",
    { start_s: 1.4, subtitles: [subtitleStream({ index: 2, start_s: 0.2 })] },
    [0, 1, 2],
    1.4,
  ],
  [
    "subtitles that do not say when they begin",
    { subtitles: [subtitleStream({ index: 2 })] },
    [0, 1, 2],
    0.8,
  ],
  ["other containers count from their beginning", { format: "matroska,webm" }, [0, 1], 0.8],
  [
    "a track that does not say when it begins",
    { audio: [audioStream({ index: 1, start_s: 0 })] },
    [0, 1],
    0.8,
  ],
  ["parts that are joined have no clock of their own", { joins: { at_s: [5], unread: 0 } }, [0, 1], 0.8],
])("%s", (_, changes, indices, start_s) => {
  expect(startAsRead({ ...recording, ...changes }, indices).start_s).toBe(start_s);
});

test("a recording is good whose subtitles begin before all that is kept of it", async () => {
  const folder = await temporaryFolder();
  try {
    const at = (name: string) => join(folder.path, name);
    const { ffmpeg } = await thisMachine();
    await Bun.write(at("a.sup"), makePgs([{ start_s: 0, end_s: 1 }]));
    const made = Bun.spawnSync([
      ...[ffmpeg.path, "-v", "error", "-nostdin", "-i", at("a.sup")],
      ...["-f", "lavfi", "-itsoffset", "0.7", "-i", "testsrc2=s=160x90:r=25:d=3"],
      ...["-f", "lavfi", "-itsoffset", "0.7", "-i", "sine=d=3", "-map", "1", "-map", "2", "-map", "0"],
      ...["-c:v", "libx264", "-c:a", "aac", "-c:s", "dvbsub", at("a.ts")],
    ]);
    expect(made.stderr.toString()).toBe("");
    const ended = await convert({ source: at("a.ts"), target: at("a.mp4") });
    expect(ended.outcome === "done" ? "done" : ended.message).toBe("done");
  } finally {
    await folder.remove();
  }
}, 60_000);
