import { readOptions, sourceUrl } from "./guard.ts";
import { PICTURE_BYTES, PICTURE_SIZE } from "./picture-difference.ts";
import { runTool } from "./tool.ts";

/**
 * `filters` are put upon its pictures before anything else, `tone_map` when they are small. `gray_limited`: they are grey
 * and of limited range, which scalers take for full.
 */
export type Film = {
  path: string;
  stream: number;
  input?: string[];
  filters?: string[];
  tone_map?: string[];
  gray_limited?: boolean;
};

/** A small picture, and the time that it has in its file, in seconds. */
export type Frame = { time_s: number; picture: Uint8Array };

/** One reading of a film: options such as a place to seek, and a filter that picks frames. */
export type Opening = { input: string[]; filter: string };

/** The frames that each opening of a film yields, all decoded by one ffmpeg. Throws VcError("ffmpeg") if it does not start. */
export async function readFrames(of: {
  ffmpeg_path: string;
  film: Film;
  openings: Opening[];
  signal?: AbortSignal | undefined;
}): Promise<Frame[][]> {
  const pieces: Uint8Array[] = [];
  const times: number[][] = of.openings.map(() => []);
  await runTool({
    argv: command(of),
    limit_ms: LIMIT_MS,
    max_bytes: PICTURE_BYTES * MAX_FRAMES,
    signal: of.signal,
    onOutput: (piece) => pieces.push(piece),
    onMessage: (line) => {
      const shown = SHOWN.exec(line);
      if (shown !== null) times[Number(shown[1])]?.push(Number(shown[2]));
    },
  });
  const bytes = Buffer.concat(pieces);
  let offset = 0;
  return times.map((of_place) =>
    of_place.flatMap((time_s) => {
      const picture = bytes.subarray(offset, offset + PICTURE_BYTES);
      offset += PICTURE_BYTES;
      return picture.length < PICTURE_BYTES ? [] : [{ time_s, picture }];
    }),
  );
}

/** When the film's first picture is shown, in its file's own time; null if there is none. */
export async function firstTime(of: {
  ffmpeg_path: string;
  film: Film;
  signal?: AbortSignal | undefined;
}): Promise<number | null> {
  const [frames] = await readFrames({ ...of, openings: [{ input: [], filter: "trim=end_frame=1" }] });
  return frames?.[0]?.time_s ?? null;
}

const LIMIT_MS = 600_000;
const MAX_FRAMES = 1000;
/** Several openings are decoded at once; each thread of theirs holds a frame, and more threads decode in vain. */
const DECODER_THREADS = { of_one: "0", of_several: "2" };
/** The showinfo filter tells each frame's time. */
const SHOWN = /^\[showinfo@place(\d+) @ [^\]]*\] n: .* pts_time:\s*(-?[\d.]+)/;

function command({ ffmpeg_path, film, openings }: Parameters<typeof readFrames>[0]): string[] {
  const threads = openings.length === 1 ? DECODER_THREADS.of_one : DECODER_THREADS.of_several;
  const inputs = openings.flatMap(({ input }) => [
    ...["-threads", threads, ...(film.input ?? []), ...readOptions(film.path), ...input],
    ...["-i", sourceUrl(film.path)],
  ]);
  const [told, range] = film.gray_limited === true ? ["setparams=range=pc,", "pc"] : ["", "tv"];
  const small = `${told}scale=${PICTURE_SIZE}:${PICTURE_SIZE}:flags=area:out_range=${range},${colors(film)},setsar=1`;
  const chains = openings.map(
    ({ filter }, n) =>
      `[${n}:${film.stream}]${[...(film.filters ?? []), filter].join(",")},${small},showinfo@place${n},setpts=PTS-STARTPTS[v${n}]`,
  );
  const joined = `${openings.map((_, n) => `[v${n}]`).join("")}concat=n=${openings.length}:v=1:a=0[out]`;
  return [
    // With -copyts the times are the file's own: what ffmpeg counts from otherwise differs between versions.
    ...[ffmpeg_path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", "-copyts", ...inputs],
    ...["-filter_complex", [...chains, joined].join(";"), "-map", "[out]"],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ];
}

function colors({ tone_map }: Film): string {
  return [...(tone_map === undefined ? [] : ["format=yuv444p10le", ...tone_map]), "format=yuv444p"].join(",");
}
