import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { findSecondFilm } from "../../src/ffmpeg/second-film.ts";
import { type OpenSource, openSource } from "../../src/ffmpeg/source.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 60_000;
const MP4 = "mov,mp4,m4a,3gp,3g2,mj2";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

function inMemory(bytes: Buffer): OpenSource {
  return {
    size: bytes.length,
    read: async ({ at, length }) => bytes.subarray(at, at + length),
    close: async () => undefined,
  };
}

/** A file of empty boxes; `wide:` ones have lengths of 64 bits. */
function boxes(types: string[]): OpenSource {
  const made = types.map((type) => {
    const box = Buffer.alloc(24);
    box.writeUInt32BE(type.startsWith("wide:") ? 1 : 24);
    box.write(type.replace("wide:", ""), 4, "latin1");
    if (type.startsWith("wide:")) box.writeBigUInt64BE(24n, 8);
    return box;
  });
  return inMemory(Buffer.concat(made));
}

test.each<[string, string[], number | null]>([
  ["one film", ["ftyp", "moov", "free", "mdat"], null],
  ["its index at the end", ["ftyp", "wide:mdat", "moov"], null],
  ["two films", ["ftyp", "wide:mdat", "moov", "ftyp", "moov", "mdat"], 72],
  ["a name of the kind that comes twice", ["ftyp", "ftyp", "mdat", "moov"], null],
  ["fragments, with their headers again", ["ftyp", "moov", "moof", "mdat", "ftyp", "moov"], null],
  ["nothing", [], null],
])("%s", async (_, types, at) => expect(await findSecondFilm(boxes(types), MP4)).toBe(at));

test("a length beyond all files ends the search", async () => {
  const path = inFolder("damaged.mp4");
  const box = Buffer.from("0000000177696465ffffffffffffff00", "hex");
  await Bun.write(path, Buffer.concat([box, Buffer.alloc(100)]));
  const file = await openSource(path);
  try {
    expect(file && (await findSecondFilm(file, MP4))).toBeNull();
    expect(file).not.toBeNull();
  } finally {
    await file?.close();
  }
});

/** Each way of writing a film, and ffmpeg's name of the format. */
const KINDS: [string, string, string[]][] = [
  ["mp4", MP4, ["-c:v", "mpeg4", "-c:a", "aac"]],
  ["mkv", "matroska,webm", ["-c:v", "mpeg4", "-c:a", "mp3"]],
  ["wmv", "asf", ["-c:v", "wmv2", "-c:a", "wmav2"]],
  ["rm", "rm", ["-c:v", "rv10", "-c:a", "ac3"]],
  ["wtv", "wtv", ["-c:v", "mpeg2video", "-c:a", "mp2"]],
  ["flv", "flv", ["-c:v", "flv", "-c:a", "mp3"]],
  ["ogv", "ogg", ["-c:v", "libtheora", "-c:a", "libvorbis"]],
];

async function film(
  name: string,
  { length_s, rate = 25 }: { length_s: number; rate?: number },
  options: string[],
) {
  const picture = ["-f", "lavfi", "-i", `testsrc2=s=64x64:r=${rate}:d=${length_s}`];
  const sound = ["-f", "lavfi", "-i", `sine=d=${length_s}`, "-ar", "44100"];
  const { ffmpeg } = await thisMachine();
  const cmd = [
    ffmpeg.path,
    "-v",
    "error",
    "-y",
    ...picture,
    ...sound,
    "-shortest",
    ...options,
    inFolder(name),
  ];
  const made = Bun.spawnSync(cmd);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  return Buffer.from(await Bun.file(inFolder(name)).bytes());
}

describe.each(KINDS)("of a .%s", (extension, format, options) => {
  const parts = async () => ({
    a: await film(`a.${extension}`, { length_s: 1 }, options),
    b: await film(`b.${extension}`, { length_s: 2 }, options),
  });

  test(
    "a second film is found where it begins, and nothing in what is whole, cut off, or followed by rubbish",
    async () => {
      const { a, b } = await parts();
      const find = (...pieces: Buffer[]) => findSecondFilm(inMemory(Buffer.concat(pieces)), format);
      expect(await find(a, b)).toBe(a.length);
      expect(await find(b, a)).toBe(b.length);
      expect(await find(b)).toBeNull();
      expect(await find(b.subarray(0, b.length / 2))).toBeNull();
      const rubbish = [
        Buffer.alloc(5000),
        Buffer.from(b.subarray(300, 9000)),
        Buffer.from("TAG".padEnd(128)),
      ];
      for (const piece of rubbish) expect(await find(b, piece)).toBeNull();
    },
    LIMIT_MS,
  );

  test(
    "is refused and not lost in silence, and a whole film is made",
    async () => {
      const { a, b } = await parts();
      const source = inFolder(`glued.${extension}`);
      await Bun.write(source, Buffer.concat([a, b]));
      expect(await convert({ source, target: inFolder("result.mp4") })).toMatchObject({
        ...{ outcome: "permanent", reason: "unsupported" },
        message: expect.stringContaining(`a second film, from byte ${a.length} on`),
      });
      const whole = await convert({ source: inFolder(`b.${extension}`), target: inFolder("whole.mp4") });
      expect(whole.outcome).toBe("done");
    },
    LIMIT_MS,
  );
});

test(
  "an AVI goes on in a second film of the same kind, but not in one of another",
  async () => {
    const options = ["-c:v", "mpeg4", "-c:a", "mp3"];
    const a = await film("a.avi", { length_s: 1 }, options);
    const same = await film("b.avi", { length_s: 2 }, options);
    const faster = await film("c.avi", { length_s: 2, rate: 30 }, options);
    const other = await film("d.avi", { length_s: 2 }, ["-c:v", "mpeg4", "-c:a", "ac3"]);
    const find = (...pieces: Buffer[]) => findSecondFilm(inMemory(Buffer.concat(pieces)), "avi");
    expect(await find(a, same)).toBeNull();
    expect(await find(a, same, faster)).toBe(a.length + same.length);
    expect(await find(a, other)).toBe(a.length);
    expect(await find(a, Buffer.alloc(1000))).toBeNull();
  },
  LIMIT_MS,
);
