import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { Color } from "./color.ts";
import { parseMatroskaColors, parseMp4Color, withHeldColor } from "./held-color.ts";
import { type HeldCrop, parseMatroskaCrops, readHead, TRACKS } from "./matroska-crop.ts";
import { type Box, boxAt } from "./mp4-boxes.ts";
import { boxType, parseCleanAperture } from "./mp4-crop.ts";
import { type OpenSource, openSource } from "./source.ts";

/**
 * The film with what its container says of its pictures: what is not to be shown of them, and their colours. Older
 * ffmpegs do not tell that; what they tell stands. Reads some hundred bytes here and there; a container that cannot be
 * understood says nothing.
 */
export async function withHeldPictures(path: string, media: MediaInfo): Promise<MediaInfo> {
  const matroska = media.format.includes("matroska");
  if (!matroska && !media.format.includes("mov")) return media;
  const file = await openSource(path);
  if (file === null) return media;
  try {
    const held = await (matroska ? readMatroska(file) : readMp4(file));
    const films = media.video.filter((one) => !one.attached_picture);
    return { ...media, video: media.video.map((one) => told(one, held[films.indexOf(one)])) };
  } finally {
    await file.close();
  }
}

type Held = { crop: HeldCrop | null; color: Color | null };

function told(film: VideoStream, held: Held | undefined): VideoStream {
  if (held === undefined) return film;
  return { ...cropped(film, held.crop), color: withHeldColor(film.color, held.color) };
}

function cropped(film: VideoStream, held: HeldCrop | null): VideoStream {
  if (held === null || film.crop !== null) return film;
  const { display, ...sides } = held;
  const width = film.width - sides.left - sides.right;
  const height = film.height - sides.top - sides.bottom;
  if (width <= 0 || height <= 0) return film;
  const crop = { ...sides, by_ffmpeg: false };
  if (display === null) return { ...film, crop };
  // ffmpeg before 7.1 takes the shape of what is shown for that of the whole picture.
  return { ...film, crop, sample_aspect_ratio: ratio(display.width * height, display.height * width) };
}

function ratio(num: number, den: number): { num: number; den: number } {
  const divisor = greatestDivisor(num, den);
  return { num: num / divisor, den: den / divisor };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Elements at the top of a file before its tracks; more have never been seen. */
const MOST_ELEMENTS = 1000;
const MOST_BYTES = 4_000_000;

async function readMatroska(file: OpenSource): Promise<Held[]> {
  let at = 0;
  for (let n = 0; n < MOST_ELEMENTS; n += 1) {
    const head = readHead(await bytesAt(file, at, 12), 0);
    if (head === null || head.id === CLUSTER) return [];
    if (head.id === TRACKS) {
      const tracks = await bytesAt(file, at + head.next, head.size ?? MOST_BYTES);
      const colors = parseMatroskaColors(tracks);
      return parseMatroskaCrops(tracks).map((crop, n) => ({ crop, color: colors[n] ?? null }));
    }
    if (head.id !== SEGMENT && head.size === null) return [];
    at += head.next + (head.id === SEGMENT ? 0 : (head.size ?? 0));
  }
  return [];
}

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;

/** The sample descriptions of the tracks that are films, in their order. */
async function readMp4(file: OpenSource): Promise<Held[]> {
  const [movie] = await boxes(file, { from: 0, to: Number.POSITIVE_INFINITY }, "moov");
  const held: Held[] = [];
  for (const track of movie === undefined ? [] : await boxes(file, movie, "trak")) {
    const [media] = await boxes(file, track, "mdia");
    if (media === undefined) continue;
    const [handler] = await boxes(file, media, "hdlr");
    const kind = handler === undefined ? "" : boxType(await bytesAt(file, handler.from + 4, 8), 0);
    if (kind === "vide") held.push(await readTrack(file, media));
  }
  return held;
}

async function readTrack(file: OpenSource, media: Span): Promise<Held> {
  const [information] = await boxes(file, media, "minf");
  const [table] = information === undefined ? [] : await boxes(file, information, "stbl");
  const [description] = table === undefined ? [] : await boxes(file, table, "stsd");
  if (description === undefined) return { crop: null, color: null };
  const stsd = await bytesAt(file, description.from, description.to - description.from);
  return { crop: parseCleanAperture(stsd), color: parseMp4Color(stsd) };
}

/** Where the content of a box lies in the file. */
type Span = Pick<Box, "from" | "to">;

/** The boxes of one type that lie directly in a span. */
async function boxes(file: OpenSource, { from, to }: Span, type: string): Promise<Span[]> {
  const found: Span[] = [];
  for (let at = from, n = 0; at < to && n < MOST_ELEMENTS; n += 1) {
    const box = await boxAt(file, at);
    if (box === null) break;
    if (box.type === type) found.push(box);
    if (type === "moov" && found.length > 0) break;
    at = box.to;
  }
  return found;
}

function bytesAt(file: OpenSource, at: number, length: number): Promise<Buffer> {
  return file.read({ at, length: Math.min(length, MOST_BYTES) });
}
