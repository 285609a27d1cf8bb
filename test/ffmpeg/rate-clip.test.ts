import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { layOutRateClip, type RateFilm, rateKind } from "../../src/ffmpeg/rate-clip.ts";
import { thisMachine } from "./machine.ts";

const film = (changes: Partial<RateFilm> = {}): RateFilm => ({
  ...{ codec: "h264", bit_depth: 8, chroma: "420", width: 1920, height: 1080 },
  ...{ transfer: null, scaled_to: null, made: "yuv420p" },
  ...changes,
});

test("the kind of its pictures tells apart what makes another speed", () => {
  const kinds = [
    film(),
    film({ scaled_to: { width: 1280, height: 720 } }),
    film({ chroma: "422" }),
    film({ transfer: "smpte2084" }),
  ].map(rateKind);
  expect(kinds).toEqual([
    "1920x1080 420 yuv420p",
    "1920x1080 420 to 1280x720 yuv420p",
    "1920x1080 422 yuv420p",
    "1920x1080 420 smpte2084 yuv420p",
  ]);
});

/** The film, and what its clip turns out to be. */
test.each<[string, Partial<RateFilm>, object]>([
  ["carried", {}, { codec: "h264", width: 1920, height: 1080 }],
  ["in a size that encoders want", { height: 1152 }, { codec: "h264", width: 1920, height: 1152 }],
  ["in a codec without one", { codec: "mpeg2video" }, { codec: "mpeg2video", chroma: "420" }],
  [
    "in colours without one",
    { chroma: "422", bit_depth: 10 },
    { codec: "h264", chroma: "422", bit_depth: 10 },
  ],
  ["in HDR", { codec: "ffv1", bit_depth: 10, transfer: "smpte2084" }, { color: { transfer: "smpte2084" } }],
  ["in a codec that ffmpeg only decodes", { codec: "vc1" }, { codec: "mpeg4", width: 1920 }],
  ["in one with 10 bits", { codec: "vc1", bit_depth: 10 }, { codec: "ffv1", bit_depth: 10 }],
])(
  "a clip %s",
  async (_, changes, expected) => {
    const { ffmpeg } = await thisMachine();
    const { signal } = new AbortController();
    const clip = await layOutRateClip(film(changes), { ffmpeg_path: ffmpeg.path, signal });
    if (clip === null) throw new Error("no clip was made");
    const seen = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: clip.path });
    expect(seen).toMatchObject({ media: { video: [expected] } });
    await clip.remove();
    expect(existsSync(clip.folder)).toBe(false);
  },
  120_000,
);
