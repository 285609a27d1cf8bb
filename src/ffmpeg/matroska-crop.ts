/** What one film's track of a container says is not to be shown, in stored pixels; and the shape of what is. */
export type HeldCrop = {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** What is shown, in any unit; null where the container does not say. */
  display: { width: number; height: number } | null;
};

/** What the video tracks of a Matroska file's Tracks element are cropped by, in their order; null for nothing. */
export function parseMatroskaCrops(tracks: Uint8Array): (HeldCrop | null)[] {
  return videoSettings(tracks).map(cropOf);
}

/**
 * The Video elements of a Tracks element's video tracks, in their order. RFC 9559, 5.1.4.1.28: elements are an id, a
 * length, and their content.
 */
export function videoSettings(tracks: Uint8Array): Element[][] {
  return elements(tracks)
    .filter(({ id }) => id === TRACK_ENTRY)
    .map(({ content }) => elements(content))
    .filter((entry) => numberOf(entry, TRACK_TYPE) === VIDEO_TYPE)
    .map((entry) => elements(entry.find(({ id }) => id === VIDEO)?.content ?? NOTHING));
}

export const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const VIDEO_TYPE = 1;
const VIDEO = 0xe0;
const CROPS = { left: 0x54cc, top: 0x54bb, right: 0x54dd, bottom: 0x54aa };
const DISPLAY = { width: 0x54b0, height: 0x54ba, unit: 0x54b2 };
const UNKNOWN_UNIT = 4;
const NOTHING = new Uint8Array();

function cropOf(video: Element[]): HeldCrop | null {
  const side = (name: keyof typeof CROPS) => numberOf(video, CROPS[name]) ?? 0;
  const crop = { left: side("left"), top: side("top"), right: side("right"), bottom: side("bottom") };
  if (Object.values(crop).every((pixels) => pixels === 0)) return null;
  const width = numberOf(video, DISPLAY.width);
  const height = numberOf(video, DISPLAY.height);
  const told = width && height && numberOf(video, DISPLAY.unit) !== UNKNOWN_UNIT;
  return { ...crop, display: told ? { width, height } : null };
}

export type Element = { id: number; content: Uint8Array };

/** The elements that stand one after the other. */
export function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes, at);
    if (head === null || head.size === null) break;
    found.push({ id: head.id, content: bytes.subarray(head.next, head.next + head.size) });
    at = head.next + head.size;
  }
  return found;
}

export function numberOf(list: Element[], wanted: number): number | null {
  const content = list.find(({ id }) => id === wanted)?.content;
  return content === undefined ? null : content.reduce((value, byte) => value * 256 + byte, 0);
}

/** The id and the length of the element at `at` (RFC 8794, 4); `size` is null where it is not known before its end. */
export function readHead(
  bytes: Uint8Array,
  at: number,
): { id: number; size: number | null; next: number } | null {
  const id_length = lengthAt(bytes, at);
  const size_length = id_length && lengthAt(bytes, at + id_length);
  if (!id_length || !size_length || at + id_length + size_length > bytes.length) return null;
  const id = bytesValue(bytes.subarray(at, at + id_length));
  const next = at + id_length + size_length;
  // The bit that tells the length goes first: with it, eight bytes are more than a number holds exactly.
  const [first = 0, ...more] = bytes.subarray(at + id_length, next);
  const size = bytesValue(Uint8Array.of(first - 2 ** (8 - size_length), ...more));
  return { id, size: size === 2 ** (7 * size_length) - 1 ? null : size, next };
}

/** Zeros before the first set bit tell how many bytes follow. */
function lengthAt(bytes: Uint8Array, at: number): number | null {
  const first = bytes[at];
  return first === undefined || first === 0 ? null : Math.clz32(first) - 23;
}

function bytesValue(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
