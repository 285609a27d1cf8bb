import { createRandom, type Random } from "../sim/random.ts";

/** A file's name as the bytes that lie on the disk, and what makes it hostile. */
export type HostileName = { kind: string; bytes: Buffer; utf8: boolean };

const LONGEST = 255;

/** Makes a name of each kind in turn; the same seed makes the same names. Names are films by their extension. */
export function hostileNames(seed: number, count: number): HostileName[] {
  const random = createRandom(seed);
  const seen = new Set<string>();
  const names: HostileName[] = [];
  const kinds = Object.entries(KINDS);
  for (let number = 0; names.length < count; number++) {
    const [kind, make] = kinds[number % kinds.length] ?? ["", () => ""];
    const made = make(random, String(number));
    const bytes = typeof made === "string" ? Buffer.from(made) : made;
    const key = bytes.toString("latin1");
    if (seen.has(key) || !fits(bytes)) continue;
    seen.add(key);
    names.push({ kind, bytes, utf8: typeof made === "string" });
  }
  return names;
}

/** What a file system takes, and what no tool takes for hidden. */
function fits(bytes: Buffer): boolean {
  return (
    bytes.length <= LONGEST && !bytes.includes(0) && !bytes.includes("/") && bytes[0] !== ".".charCodeAt(0)
  );
}

/** `n` keeps names of one kind apart. What is text is valid UTF-8; a Buffer is not. */
const KINDS: { [kind: string]: (random: Random, n: string) => string | Buffer } = {
  "an option": (random, n) => `${random.pick(["-", "--", "-y", "-i ", "-f lavfi ", "--config="])}${n}.mkv`,
  "a newline": (random, n) => `a${random.pick(["\n", "\r\n", "\r", "\t", "\v", "\f"])}${n}.mkv`,
  controls: (random, n) => `${String.fromCharCode(random.between(1, 31), 127)}\u001b[2J${n}.mkv`,
  quotes: (random, n) => `${random.pick(["'", '"', "`", "\\", "\\'", "$(id)", "$HOME", "'\\''"])}${n}.mkv`,
  "a pattern": (random, n) =>
    `${random.pick(["%d", "%03d", "%s%n", "*", "?", "[a]", "{a,b}", "%%", "%"])}${n}.mkv`,
  "a protocol": (random, n) =>
    `${random.pick(["concat:a|", "file:", "http:", "pipe:", "data:", "subfile,,start,0,,:", "C:"])}${n}.mkv`,
  shell: (random, n) => `${random.pick([";", "&", "|", ">", "<", "#", "!", "~", "=", ","])} ${n}.mkv`,
  "spaces and dots": (random, n) =>
    `${random.pick([" ", "  ", "\u00a0", "\u3000"])}${n}${random.pick([" ", ".", "..", " ."])}.mkv`,
  "an odd end": (random, n) => `${n}.mkv${random.pick([" ", ".", "  ", "...", " .", "\n"])}`,
  "odd case": (random, n) => `Ä${n}${random.pick([".MKV", ".mKv", ".Mp4", ".TS"])}`,
  emoji: (random, n) => `${random.pick(["😀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "☠️"])}${n}.mkv`,
  composed: (random, n) => `${random.pick(["é", "Å", "ñ", "한", "ガ"])}${n}.mkv`.normalize("NFC"),
  decomposed: (random, n) => `${random.pick(["é", "Å", "ñ", "한", "ガ"])}${n}.mkv`.normalize("NFD"),
  "direction marks": (random, n) => `a${random.pick(["\u202e", "\u2066", "\u200f", "\ufeff"])}${n}.mkv`,
  "strange letters": (random, n) =>
    `${random.pick(["\ufffd", "\u0130", "ß", "ﬀ", "𝔘", "\u{10ffff}"])}${n}.mkv`,
  "the longest": (_, n) => `${n}${"n".repeat(LONGEST - n.length - 4)}.mkv`,
  "the longest, in many bytes": (_, n) => {
    const room = LONGEST - 4 - n.length;
    return `${n}${"映".repeat(Math.floor(room / 3))}${"n".repeat(room % 3)}.mkv`;
  },
  "many dots": (random, n) => `${n}${".".repeat(random.between(2, 50))}mkv.mp4.avi.mkv`,
  "a device": (random, n) => `${random.pick(["CON", "NUL", "aux", "COM1", "lpt9"])}.${n}.mkv`,
  "Latin-1": (random, n) => raw(random.pick([0xe4, 0xf6, 0xfc, 0xdf]), n),
  "a cut letter": (random, n) => raw(random.pick([0xc3, 0xe6, 0xf0]), n),
  "a surrogate": (_, n) => Buffer.concat([Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`${n}.mkv`)]),
  "an overlong letter": (_, n) => Buffer.concat([Buffer.from([0xc0, 0xaf]), Buffer.from(`${n}.mkv`)]),
};

function raw(byte: number, n: string): Buffer {
  return Buffer.concat([Buffer.from(n), Buffer.from([byte]), Buffer.from(".mkv")]);
}
