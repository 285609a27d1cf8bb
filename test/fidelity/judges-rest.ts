import { stat } from "node:fs/promises";
import { parse } from "node:path";
import { MODIFIED } from "../fixtures/corpus/make.ts";
import type { Judges } from "./judge.ts";
import { near } from "./judges-picture.ts";
import { compareTracks } from "./judges-sound.ts";
import { type Look, type ProbedStream, startOf } from "./look.ts";

type Rest =
  | "subtitles"
  | "cues"
  | "attachments"
  | "chapters"
  | "tags"
  | "modified"
  | "told"
  | "captions"
  | "beside"
  | "permissions";

export const REST_JUDGES: Pick<Judges, Rest> = {
  subtitles: async ({ result, value }) => compareTracks(subtitlesOf(result), value),
  cues: async ({ result, value }) => {
    const first_s = Number((await result.frames())[0]?.best_effort_timestamp_time ?? 0);
    const zero = first_s - startOf(result.probed);
    for (const [n, expected] of value.entries()) {
      const got = await cuesOf(result, n);
      const same =
        got.length === expected.length &&
        got.every(([from, to, words], at) => {
          const [begin = 0, end = 0, sought] = expected[at] ?? [];
          return near(from - zero, begin, HUNDREDTH) && near(to - zero, end, HUNDREDTH) && words === sought;
        });
      if (!same) return `subtitle track ${n}: ${JSON.stringify(got)} instead of ${JSON.stringify(expected)}`;
    }
    return null;
  },
  attachments: async ({ result: { probed }, value }) => {
    const found = probed.streams
      .filter(({ codec_type }) => codec_type === "attachment")
      .map(({ tags }) => [tags?.filename ?? "", tags?.mimetype ?? ""]);
    return String(found) === String(value) ? null : `attachments: ${String(found) || "none"}`;
  },
  chapters: async ({ result: { probed }, value }) => {
    const found = probed.chapters.map(({ start_time, tags }): [number, string] => [
      Number(start_time),
      tags?.title ?? "",
    ]);
    const same =
      found.length === value.length &&
      found.every(
        ([start, title], n) => near(start, value[n]?.[0] ?? -1, HUNDREDTH) && title === value[n]?.[1],
      );
    return same ? null : `chapters: ${JSON.stringify(found)}`;
  },
  tags: async ({ result: { probed }, value }) => {
    const tags = Object.entries(probed.format.tags ?? {}).map(([key, text]) => [key.toLowerCase(), text]);
    const wrong = Object.entries(value).find(
      ([key, text]) => !tags.some(([name, said]) => name === key && said === text),
    );
    return wrong === undefined
      ? null
      : `${wrong[0]} is not ${wrong[1]}: ${JSON.stringify(Object.fromEntries(tags))}`;
  },
  modified: async ({ result: { path } }) => {
    const { mtime } = await stat(path);
    return near(mtime.getTime(), MODIFIED.getTime(), 1000) ? null : `modified ${mtime.toISOString()}`;
  },
  told: async ({ told, value }) =>
    told.some((sentence) => sentence.includes(value))
      ? null
      : `vc plan does not say "${value}", but: ${told.join(" | ") || "nothing"}`,
  captions: async ({ result, said, value }) => {
    const frames = await result.frames();
    const with_some = frames.filter(({ side_data_list = [] }) =>
      side_data_list.some(({ side_data_type }) => side_data_type.includes("Closed Captions")),
    );
    if (with_some.length === frames.length) return null;
    const admitted = with_some.length === 0 && said.some((note) => note.includes("closed captions inside"));
    return value === "kept or said" && admitted
      ? null
      : `captions in ${with_some.length} of ${frames.length} pictures, and it says ${said.join(" | ") || "nothing"}`;
  },
  beside: async ({ result, value }) => {
    const zero = Number((await result.frames())[0]?.best_effort_timestamp_time ?? 0);
    for (const { suffix, codec, shown } of value) {
      const got = await shownBeside(result.path, suffix);
      const same =
        got.codec === codec &&
        got.shown.length === shown.length &&
        got.shown.every(
          ([at, is], n) => near(at - zero, shown[n]?.[0] ?? -1, HUNDREDTH) && is === shown[n]?.[1],
        );
      if (!same) return `${suffix}: ${JSON.stringify(got)}`;
    }
    return null;
  },
  permissions: async ({ result: { path }, value }) => {
    const mode = (await stat(path)).mode & 0o777;
    return mode === value ? null : `permissions ${mode.toString(8)}`;
  },
};

/** Pictures of subtitles in a file beside the film, decoded: when they come and go, on the film's clock. */
async function shownBeside(
  path: string,
  suffix: string,
): Promise<{ codec: string; shown: [number, boolean][] }> {
  const { dir, name } = parse(path);
  const cmd = ["ffprobe", "-v", "error", "-show_streams", "-show_frames", "-of", "json"];
  const child = Bun.spawn({
    cmd: [...cmd, `${dir}/${name}.${suffix}`],
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, wrong] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (wrong !== "") return { codec: wrong, shown: [] };
  const found = JSON.parse(out) as {
    streams: { codec_name: string }[];
    frames: { pts_time: string; num_rects: number }[];
  };
  const shown = found.frames.map((one): [number, boolean] => [Number(one.pts_time), one.num_rects > 0]);
  return { codec: found.streams[0]?.codec_name ?? "", shown };
}

/** Seconds: ass counts in these. */
const HUNDREDTH = 0.011;

function subtitlesOf({ probed }: Look): ProbedStream[] {
  return probed.streams.filter(({ codec_type }) => codec_type === "subtitle");
}

async function cuesOf(film: Look, track: number): Promise<[number, number, string][]> {
  if (subtitlesOf(film).length <= track) return [];
  const srt = new TextDecoder().decode(await film.ask("ffmpeg", "-map", `0:s:${track}`, "-f", "srt", "-"));
  const times = /(\d+):(\d+):(\d+),(\d+) --> (\d+):(\d+):(\d+),(\d+)\n([\s\S]*?)(?:\n\n|\n?$)/g;
  return [...srt.matchAll(times)].map((found) => {
    const [h, m, s, ms, h2, m2, s2, ms2] = found.slice(1, 9).map(Number);
    const seconds = (a = 0, b = 0, c = 0, d = 0) => 3600 * a + 60 * b + c + d / 1000;
    const words = (found[9] ?? "").replace(/<[^>]*>/g, "").trim();
    return [seconds(h, m, s, ms), seconds(h2, m2, s2, ms2), words];
  });
}
