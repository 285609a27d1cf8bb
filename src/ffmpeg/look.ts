import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { asScaled } from "./color.ts";
import { lookAtFrames } from "./fields.ts";
import { readOptions, sourceUrl } from "./guard.ts";
import { CAPTIONS } from "./look-captions.ts";
import { lookAtLead } from "./look-lead.ts";
import { lookAtShape } from "./look-shape.ts";
import { lookAtTurn } from "./look-turn.ts";
import { mainFilm } from "./plan-film.ts";
import { judgeScan } from "./scan.ts";
import { captureTool } from "./tool.ts";

/**
 * The file with what only its pictures tell of its film: whether they are interlaced, turned, or change their shape on
 * the way. Decodes some dozen pictures at each of a few places, a second of work at most; what cannot be read changes
 * nothing. Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function lookAtFilm(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  media: MediaInfo;
  signal?: AbortSignal | undefined;
}): Promise<MediaInfo> {
  const film = mainFilm(of.media);
  if (film === undefined || film.width === 0 || film.height === 0) return of.media;
  const places = await readPlaces({ ...of, film });
  const turned = places.some(({ turned }) => turned) ? await lookAtTurn({ ...of, film }) : film;
  const told = toldBy(places, film);
  const scan =
    film.height > MOST_ROWS || isTooFast(told, film)
      ? told
      : judgeScan(
          told,
          places.map(({ pictures }) => lookAtFrames(pictures, widthOf(film))),
        );
  const captions = places.some((place) => place.captions);
  const shaped = await lookAtShape({ ...of, film: turned, ...shapePlaces({ ...of, film }) });
  const seen = { ...(await lookAtLead({ ...of, film: shaped })), scan, captions };
  return { ...of.media, video: of.media.video.map((one) => (one === film ? seen : one)) };
}

/** What one place showed. Pictures are planes of brightness, full in height. */
type Place = { pictures: Uint8Array[]; turned: boolean; captions: boolean; orders: string[] };

/** Fields are lines of television, of which there are at most 1080. */
const MOST_ROWS = 1200;
/** Pictures of two fields come 30 times a second at most; so near to each other, whole ones differ as little as fields. */
const MOST_RATE = 40;
const MOST_COLUMNS = 320;
const PLACES = [0, 0.2, 0.4, 0.6, 0.8];
/** Shorter films are read from their beginning on. */
const SHORT_S = 8;
const FRAMES = 26;
const FRAMES_OF_SHORT = 100;
/** Whose shape is asked for at each of several places. Interlaced films tell a picture of theirs in two packets. */
const FEW = 4;
/** Broadcasts change their shape for an announcement, too. */
const MANY = 30;
const LIMIT_MS = 120_000;

type Of = Parameters<typeof lookAtFilm>[0] & { film: VideoStream };

async function readPlaces(of: Of): Promise<Place[]> {
  const { film } = of;
  const { starts_s, count } = placesIn(of);
  const bytes = widthOf(film) * film.height;
  const told: string[] = [];
  const run = await captureTool({
    argv: command(of, starts_s, count),
    limit_ms: LIMIT_MS,
    max_bytes: bytes * count * starts_s.length,
    onMessage: (line) => {
      if (line.startsWith("[showinfo@place")) told.push(line);
    },
    signal: of.signal,
  });
  let offset = 0;
  return starts_s.map((_, n) => {
    const lines = told.filter((line) => line.startsWith(`[showinfo@place${n} `));
    const shown = lines.filter((line) => SHOWN.test(line));
    const from = offset;
    offset += shown.length * bytes;
    // Those that were scaled have no lines of their own any more.
    const size = ` s:${film.width}x${film.height} `;
    const own = shown.some((line) => line.includes(size)) ? size : "";
    const pictures = shown.flatMap((line, k) =>
      line.includes(own) ? [run.stdout.subarray(from + k * bytes, from + (k + 1) * bytes)] : [],
    );
    return {
      pictures: pictures.filter(({ length }) => length === bytes),
      turned: lines.some((line) => line.includes("displaymatrix")),
      captions: lines.some((line) => CAPTIONS.test(line)),
      orders: shown.flatMap((line) => / i:([TBP])/.exec(line)?.[1] ?? []),
    };
  });
}

/**
 * Some decoders say of each picture what no header says: all of DV's are told to have two fields. Of the order they know
 * more than headers of containers, in which ffmpeg, for one, writes of top fields that they come second.
 */
function toldBy(places: Place[], { scan }: VideoStream): VideoStream["scan"] {
  const orders = places.flatMap((place) => place.orders);
  const count = (order: string) => orders.filter((one) => one === order).length;
  if (2 * count("P") >= orders.length) return scan;
  return { ...scan, kind: "interlaced", first: count("T") > count("B") ? "top" : "bottom" };
}

function isTooFast(told: VideoStream["scan"], { frame_rate }: VideoStream): boolean {
  return told.kind === "progressive" && (frame_rate ?? 0) > MOST_RATE;
}

function placesIn({ film, media }: Pick<Of, "film" | "media">): { starts_s: number[]; count: number } {
  const length_s = film.duration_s ?? media.duration_s ?? 0;
  const only_first = film.height > MOST_ROWS;
  const starts_s = length_s < SHORT_S || only_first ? [0] : PLACES.map((place) => place * length_s);
  return { starts_s, count: only_first ? 1 : starts_s.length === 1 ? FRAMES_OF_SHORT : FRAMES };
}

/** By the file's own clock. */
function shapePlaces(of: Pick<Of, "film" | "media">): { starts_s: number[]; count: number } {
  const { starts_s, count } = placesIn(of);
  if (starts_s.length === 1) return { starts_s, count };
  const length_s = of.film.duration_s ?? of.media.duration_s ?? 0;
  const recorded = of.media.format.startsWith("mpeg") && length_s > MANY * SHORT_S;
  const places_s = recorded ? Array.from({ length: MANY }, (_, n) => (n * length_s) / MANY) : starts_s;
  const own_s = places_s.map((start_s) => (start_s === 0 ? 0 : start_s + of.media.start_s));
  return { starts_s: own_s, count: FEW };
}

/** Such as `[showinfo@place0 @ 0x55] n:   0 pts: ... fmt:yuv420p cl:left sar:16/11 s:720x576 i:T ...`. */
const SHOWN = /\] n: .* sar:\S+ s:\S+/;

function widthOf({ width }: VideoStream): number {
  return Math.min(width, MOST_COLUMNS);
}

/**
 * From keyframes on, as they come; the pictures unturned, their rows untouched. Where the size changes, filters that are made
 * anew would count anew, and ffmpeg 9 would wait for ever for one of the places.
 */
function command(of: Of, starts_s: number[], count: number): string[] {
  const { film } = of;
  const inputs = starts_s.flatMap((start_s) => [
    ...["-threads", "2", "-noautorotate", "-reinit_filter", "0", ...readOptions(of.path)],
    ...(start_s === 0 ? [] : ["-noaccurate_seek", "-ss", start_s.toFixed(3)]),
    ...["-i", sourceUrl(of.path)],
  ]);
  const scale = `scale=${widthOf(film)}:${film.height}:flags=area`;
  const plane = [...asScaled(film), scale, "setsar=1", "format=gray"].join(",");
  const chains = starts_s.map(
    (_, n) =>
      `[${n}:${film.index}]trim=end_frame=${count},showinfo@place${n},${plane},setpts=PTS-STARTPTS[v${n}]`,
  );
  const joined = `${starts_s.map((_, n) => `[v${n}]`).join("")}concat=n=${starts_s.length}:v=1:a=0[out]`;
  return [
    ...[of.ffmpeg.path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", ...inputs],
    ...["-filter_complex", [...chains, joined].join(";"), "-map", "[out]"],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ];
}
