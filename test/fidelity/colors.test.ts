import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { lookAtColor } from "../../src/ffmpeg/look-hdr.ts";
import {
  CHART,
  chartPicture,
  distances,
  drawPatches,
  expectedPatches,
  readPatches,
} from "../../src/ffmpeg/tone-chart.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { BT709, DISPLAY, HLG, LIGHT, PQ } from "../ffmpeg/hdr-records.ts";
import { convert, temporaryFolder, thisMachine } from "../ffmpeg/machine.ts";
import { withDolbyVision } from "../support/dolby-vision.ts";
import { HDR10_PLUS, withMessages } from "../support/hevc-messages.ts";
import { run } from "../support/processes.ts";
import { testOr, unlessFull } from "../support/test-or.ts";

const LIMIT_MS = 180_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await makeFilms();
}, LIMIT_MS);
afterAll(() => folder.remove());

const at = (name: string) => join(folder.path, name);

async function ffmpeg(...options: string[]): Promise<void> {
  const cmd = ["ffmpeg", "-v", "error", "-nostdin", "-y", ...options];
  const made = await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } });
  if (made.exit !== 0) throw new Error(`${cmd.join(" ")}: ${made.stderr}`);
}

const MASTER =
  "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=900,400";

/** Half a second of moving bars, as ffmpeg 5 and later label it alike. */
async function makeFilm(
  name: string,
  of: { format: string; labels: string; output: string[] },
): Promise<void> {
  const picture = `testsrc=s=192x108:r=25:d=0.5,format=${of.format},setparams=${of.labels}`;
  await ffmpeg("-f", "lavfi", "-i", picture, ...of.output, ...tags(of.labels), name);
}

/** The same for encoders of before ffmpeg 7, which do not look at the pictures' labels. */
function tags(labels: string): string[] {
  const names: Record<string, string> = { colorspace: "-colorspace", range: "-color_range" };
  return labels.split(":").flatMap((label) => {
    const [name = "", value = ""] = label.split("=");
    return [names[name] ?? `-${name}`, value];
  });
}

async function makeFilms(): Promise<void> {
  const format = "yuv420p10le";
  const hdr = (transfer: string) =>
    `color_primaries=bt2020:color_trc=${transfer}:colorspace=bt2020nc:range=tv`;
  const x265 = (params: string) => [
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    `log-level=error:${params}`,
  ];
  await makeFilm("hdr10.mp4", {
    format,
    labels: hdr("smpte2084"),
    output: x265(`bframes=0:hdr10=1:repeat-headers=1:chromaloc=2:${MASTER}`),
  });
  await makeFilm("hlg.mkv", { format, labels: hdr("arib-std-b67"), output: x265("") });
  await makeFilm("old-hlg.mkv", { format, labels: hdr("bt2020-10"), output: x265("atc-sei=18") });
  await ffmpeg("-i", "hdr10.mp4", "-c:v", "copy", "hdr10.hevc");
  await Bun.write(at("plus.hevc"), withMessages(await Bun.file(at("hdr10.hevc")).bytes(), HDR10_PLUS));
  await ffmpeg("-framerate", "25", "-i", "plus.hevc", "-c", "copy", "hdr10-plus.mp4");
  const mp4 = await Bun.file(at("hdr10.mp4")).bytes();
  for (const [profile, compatibility] of [
    [5, 0],
    [7, 6],
    [8, 1],
  ] as const) {
    await Bun.write(at(`dolby-${profile}.mp4`), withDolbyVision(mp4, { profile, compatibility }));
  }
  await ffmpeg("-i", "dolby-8.mp4", "-c", "copy", "-strict", "unofficial", "dolby-8.mkv");
  const h264 = ["-c:v", "libx264", "-preset", "ultrafast"];
  const bt601 = "color_primaries=bt470bg:color_trc=smpte170m:colorspace=bt470bg:range=tv";
  await makeFilm("pal.mkv", { format: "yuv420p", labels: bt601, output: h264 });
  await makeFilm("phone.mp4", {
    format: "yuvj420p",
    labels: "color_primaries=smpte432:color_trc=bt709:colorspace=bt709:range=pc",
    output: h264,
  });
  await makeFilm("screen.mkv", {
    format: "gbrp",
    labels: "color_primaries=bt709:color_trc=iec61966-2-1",
    output: ["-c:v", "ffv1"],
  });
}

/** The film that came of one, with what its pictures say, and the notes on it. */
async function become(
  name: string,
  wanted: Partial<Conversion>,
): Promise<{ film: VideoStream; notes: string[] }> {
  const path = at(`made-${crypto.randomUUID()}.${wanted.container ?? "mp4"}`);
  const ended = await convert({ source: at(name), target: path }, wanted);
  if (ended.outcome !== "done") throw new Error(`${name}: ${ended.message}\n${ended.report.log_tail}`);
  const { ffprobe_path } = (await thisMachine()).ffmpeg;
  const inspected = await inspect({ ffprobe_path, path });
  const [film] = "media" in inspected ? inspected.media.video : [];
  if (film === undefined) throw new Error(`${name} became nothing`);
  return { film: await lookAtColor({ ffprobe_path, path, film }), notes: onColors(ended.report.notes ?? []) };
}

/** Without what is said of every film with fewer bits. */
function onColors(notes: string[]): string[] {
  return notes.filter((note) => !note.includes("bits a sample became"));
}

describe("films keep what their colours are", () => {
  const hevc = { codec: "hevc" } as const;
  const av1 = { codec: "av1" } as const;
  const mkv = { container: "mkv" } as const;
  const rows: [string, Partial<Conversion>, Partial<VideoStream>, string[], long?: string | null][] = [
    ["hlg.mkv", hevc, { color: HLG, hdr: null }, []],
    ["hlg.mkv", { ...av1, ...mkv }, { color: HLG, hdr: null }, [], unlessFull],
    ["hlg.mkv", {}, { color: BT709, hdr: null, pixel_format: "yuv420p" }, ["players show h264 as SDR"]],
    ["old-hlg.mkv", hevc, { color: HLG }, []],
    ["hdr10.mp4", {}, { color: BT709, hdr: null, pixel_format: "yuv420p" }, ["players show h264 as SDR"]],
    [
      "hdr10.mp4",
      { bit_depth: 10, ...mkv },
      { color: BT709, hdr: null, pixel_format: "yuv420p10le" },
      ["players show h264 as SDR"],
      unlessFull,
    ],
    [
      "hdr10.mp4",
      { ...hevc, hdr: "tonemap", target_resolution: { width: 96, height: 54 } },
      { color: BT709, hdr: null, width: 96 },
      ["asks for SDR"],
    ],
    [
      "dolby-8.mkv",
      { ...mkv },
      { color: BT709, hdr: null },
      ["Dolby Vision", "players show h264"],
      unlessFull,
    ],
    [
      "pal.mkv",
      {},
      { color: { primaries: "bt470bg", transfer: "smpte170m", matrix: "bt470bg", range: "tv" } },
      [],
    ],
    [
      "pal.mkv",
      { ...av1 },
      { color: { primaries: "bt470bg", transfer: "smpte170m", matrix: "bt470bg", range: "tv" } },
      [],
      unlessFull,
    ],
    ["phone.mp4", {}, { color: { ...BT709, primaries: "smpte432" } }, []],
    ["screen.mkv", {}, { color: { ...BT709, transfer: "iec61966-2-1" } }, ["full resolution of colour"]],
  ];
  for (const [name, wanted, expected, notes, long = null] of rows) {
    const run = async () => {
      const made = await become(name, wanted);
      expect(made.film).toMatchObject(expected);
      expect(made.notes).toEqual(notes.map((note) => expect.stringContaining(note)));
    };
    testOr(long, `${name} ${JSON.stringify(wanted)}`, run, LIMIT_MS);
  }
});

describe("HDR10 stays HDR10", () => {
  const hevc = { codec: "hevc" } as const;
  const rows: [string, Partial<Conversion>, string[], long?: string | null][] = [
    ["hdr10.mp4", hevc, []],
    ["hdr10.mp4", { ...hevc, container: "mkv", target_resolution: { width: 96, height: 54 } }, []],
    ["hdr10.mp4", { codec: "av1" }, []],
    ["hdr10.mp4", { codec: "av1", container: "mkv" }, [], unlessFull],
    ["dolby-7.mp4", hevc, ["(profile 7) was left out; it became the HDR10"]],
    ["dolby-8.mp4", { codec: "av1" }, ["(profile 8.1) was left out"], unlessFull],
    ["dolby-8.mkv", { ...hevc, container: "mkv" }, ["(profile 8.1) was left out"]],
    ["hdr10-plus.mp4", hevc, ["HDR10+ metadata are kept only where", "HDR10+ metadata were"]],
  ];
  for (const [name, wanted, notes, long = null] of rows) {
    const run = async () => {
      const { film, notes: told } = await become(name, wanted);
      expect(film).toMatchObject({ color: PQ, chroma_location: "topleft", pixel_format: "yuv420p10le" });
      const { mastering, light, dolby_vision } = film.hdr ?? {};
      expect({ light, dolby_vision }).toEqual({ light: LIGHT, dolby_vision: null });
      expect(mastering?.max_luminance).toBeCloseTo(DISPLAY.max_luminance, 0);
      expect(mastering?.min_luminance).toBeCloseTo(DISPLAY.min_luminance, 3);
      for (const point of ["red", "green", "blue", "white"] as const) {
        expect(mastering?.[point].x).toBeCloseTo(DISPLAY[point].x, 3);
        expect(mastering?.[point].y).toBeCloseTo(DISPLAY[point].y, 3);
      }
      expect(told).toEqual(notes.map((note) => expect.stringContaining(note)));
    };
    testOr(long, `${name} ${JSON.stringify(wanted)}`, run, LIMIT_MS);
  }
});

test("Dolby Vision that only its own players can show is refused", async () => {
  const ended = await convert({ source: at("dolby-5.mp4"), target: at("never.mp4") }, { codec: "hevc" });
  expect(ended).toMatchObject({ outcome: "permanent", reason: "unsupported" });
  expect("message" in ended && ended.message).toContain("Dolby Vision profile 5");
});

describe("a chart of colours comes through", () => {
  const hdr_chart = chartPicture();
  const sdr_patches = expectedPatches(1000);
  const BT601 = "scale=in_color_matrix=bt709:out_color_matrix=bt601,setparams=colorspace=smpte170m";
  type Chart = { picture: Uint8Array; bit_depth: 8 | 10; labels: string; filter?: string };
  const labels = (of: typeof PQ) =>
    `setparams=color_primaries=${of.primaries}:color_trc=${of.transfer}:colorspace=${of.matrix}:range=tv`;
  const hdr: Chart = { picture: hdr_chart, bit_depth: 10, labels: labels(PQ) };
  const sdr: Chart = { picture: drawPatches(sdr_patches, 8), bit_depth: 8, labels: labels(BT709) };

  /** The chart as a lossless film, and the patches of what became of it, in BT.709's matrix if `bit_depth` is 8. */
  async function become(film: Chart, wanted: Partial<Conversion>, bit_depth: 8 | 10): Promise<number[][]> {
    const name = `chart-${crypto.randomUUID()}`;
    await Bun.write(at(`${name}.yuv`), Buffer.concat(Array.from({ length: 10 }, () => film.picture)));
    const format = (bits: number) => (bits === 8 ? "yuv420p" : "yuv420p10le");
    const size = `${CHART.width}x${CHART.height}`;
    const raw = ["-f", "rawvideo", "-pixel_format", format(film.bit_depth), "-video_size", size, "-r", "25"];
    const filter = [film.labels, ...(film.filter === undefined ? [] : [film.filter])].join(",");
    await ffmpeg(
      ...raw,
      "-i",
      `${name}.yuv`,
      "-vf",
      filter,
      "-c:v",
      "ffv1",
      ...labelOptions(filter),
      `${name}.mkv`,
    );
    const target = at(`${name}.made.mkv`);
    const ended = await convert(
      { source: at(`${name}.mkv`), target },
      { container: "mkv", quality: 10, ...wanted },
    );
    if (ended.outcome !== "done") throw new Error(`${ended.message}\n${ended.report.log_tail}`);
    const to = bit_depth === 8 ? ["-vf", "scale=out_color_matrix=bt709:out_range=tv"] : [];
    const out = ["-frames:v", "1", "-pix_fmt", format(bit_depth), "-f", "rawvideo", `${name}.out`];
    await ffmpeg("-i", target, ...to, ...out);
    return readPatches(await Bun.file(at(`${name}.out`)).bytes(), bit_depth);
  }

  const hdr_patches = readPatches(chartPicture(), 10);
  const rows: [string, Chart, Partial<Conversion>, 8 | 10, number[][], number, long?: string | null][] = [
    ["HDR10 in hevc", hdr, { codec: "hevc" }, 10, hdr_patches, 2],
    ["HDR10 in av1", hdr, { codec: "av1" }, 10, hdr_patches, 2],
    ["HDR10 to SDR in h264", hdr, {}, 8, sdr_patches, 5],
    ["HDR10 to SDR in hevc", hdr, { codec: "hevc", hdr: "tonemap" }, 8, sdr_patches, 5, unlessFull],
    ["SDR in h264", sdr, {}, 8, sdr_patches, 3],
    ["SDR in av1", sdr, { codec: "av1" }, 8, sdr_patches, 3, unlessFull],
    [
      "the full range",
      { ...sdr, filter: "scale=in_range=tv:out_range=pc,setparams=range=pc" },
      {},
      8,
      sdr_patches,
      3,
    ],
    [
      "RGB",
      { ...sdr, filter: "scale=in_color_matrix=bt709,format=gbrp" },
      { codec: "hevc" },
      8,
      sdr_patches,
      3,
    ],
    // Turned there and back in 8 bits.
    ["the matrix of SD", { ...sdr, filter: BT601 }, {}, 8, sdr_patches, 6],
  ];
  for (const [name, film, wanted, bit_depth, expected, most, long = null] of rows) {
    const run = async () => {
      const got = await become(film, wanted, bit_depth);
      expect(Math.max(...distances(expected, got))).toBeLessThan(most);
    };
    testOr(long, name, run, LIMIT_MS);
  }
});

/** The last word on each label in a chain of filters, as options for encoders before ffmpeg 7. */
function labelOptions(filter: string): string[] {
  const last = (name: string) => [...filter.matchAll(new RegExp(`${name}=(\\w+)`, "g"))].at(-1)?.[1];
  if (filter.includes("gbrp")) return [];
  return tags(
    ["color_primaries", "color_trc", "colorspace"].map((name) => `${name}=${last(name)}`).join(":"),
  ).concat(["-color_range", filter.includes("=pc") ? "pc" : "tv"]);
}
