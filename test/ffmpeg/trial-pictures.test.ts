import { expect, test } from "bun:test";
import {
  halved,
  judgePictures,
  type PictureKind,
  pictureBytes,
  trialPictures,
  trialSize,
} from "../../src/ffmpeg/trial-pictures.ts";

const eight: PictureKind = { ...trialSize(), bit_depth: 8 };
const ten: PictureKind = { ...trialSize(), bit_depth: 10 };
const pictures = trialPictures(eight);
const picture = pictureBytes(eight);
const brightness = eight.width * eight.height;

/** What the judge says of pictures that were changed; `place` counts within a picture. */
function judge(change: (at: { index: number; place: number }) => number | undefined, tolerance = 4) {
  const got = pictures.map((_, index) => change({ index, place: index % picture }) ?? 0);
  return judgePictures({ expected: pictures, got, kind: eight, tolerance });
}

test.each([
  [undefined, { width: 384, height: 136 }],
  [
    { width: 128, height: 128 },
    { width: 384, height: 256 },
  ],
  [
    { width: 1000, height: 1 },
    { width: 1000, height: 136 },
  ],
])("multiples of %p make %p", (align, size) => {
  expect(trialSize(align)).toEqual(size);
});

test("samples lie in the range that video uses, and every picture is another one", () => {
  expect(Math.min(...pictures)).toBeGreaterThanOrEqual(16);
  expect(Math.max(...pictures)).toBeLessThanOrEqual(235);
  const starts = Array.from({ length: pictures.length / picture }, (_, n) => n * picture);
  const different = new Set(starts.map((at) => Bun.hash(pictures.subarray(at, at + picture))));
  expect(different.size).toBe(starts.length);
});

test("the same with 10 bits, but finer", () => {
  const fine = trialPictures(ten);
  expect(fine.length).toBe(2 * pictures.length);
  const view = new DataView(fine.buffer);
  const coarse = pictures.map((_, n) => view.getUint16(2 * n, true) / 4);
  expect(Bun.hash(coarse)).toBe(Bun.hash(pictures));
});

test.each<[string, (at: { index: number; place: number }) => number | undefined]>([
  ["black", ({ place }) => (place < brightness ? 16 : 128)],
  ["green", () => 0],
  ["grey", ({ index, place }) => (place < brightness ? pictures[index] : 128)],
  ["colours exchanged", ({ index, place }) => pictures[otherColour(index, place)]],
  ["two pixels to the side", ({ index, place }) => pictures[place < brightness ? index + 2 : index]],
  ["eight lines up", ({ index, place }) => pictures[place < brightness ? index + 8 * eight.width : index]],
  ["one picture late", ({ index }) => pictures[Math.max(index % picture, index - picture)]],
  ["frozen", ({ place }) => pictures[place]],
])("wrong: %s", (_, change) => {
  expect(judge(change)).toMatch(/^picture \d is wrong \(\d+\.\d of 255 away, 4 are allowed\)$/);
});

function otherColour(index: number, place: number): number {
  if (place < brightness) return index;
  return place < (5 * brightness) / 4 ? index + brightness / 4 : index - brightness / 4;
}

test("right: the same, and the small noise of an encoder", () => {
  expect(judge(({ index }) => pictures[index], 0)).toBeNull();
  expect(judge(({ index }) => (pictures[index] ?? 0) + ((index * 7) % 5) - 2)).toBeNull();
});

test("pictures that are missing are counted", () => {
  const short = { expected: pictures, got: pictures.subarray(picture / 2), kind: eight, tolerance: 4 };
  expect(judgePictures(short)).toBe("7.5 of 8 pictures came out");
  expect(judgePictures({ ...short, got: new Uint8Array() })).toBe("0 of 8 pictures came out");
});

test("10 bits that were 8 in between are found out", () => {
  const expected = trialPictures(ten);
  const got = expected.map((byte, n) => (n % 2 === 0 ? byte & ~3 : byte));
  const all = { expected, kind: ten, tolerance: 4 };
  expect(judgePictures({ ...all, got: expected })).toBeNull();
  expect(judgePictures({ ...all, got })).toBe("the pictures have lost 2 of their 10 bits");
});

test.each([eight, ten])(
  "halving is what ffmpeg's bilinear scaler does, with $bit_depth bits",
  async (kind) => {
    const format = kind.bit_depth === 8 ? "yuv420p" : "yuv420p10le";
    const form = ["-f", "rawvideo", "-pixel_format", format, "-video_size", `${kind.width}x${kind.height}`];
    const small = { width: kind.width / 2, height: kind.height / 2, bit_depth: kind.bit_depth };
    const scale = `scale=${small.width}:${small.height}:flags=bilinear`;
    const argv = ["ffmpeg", "-v", "error", ...form, "-i", "pipe:0", "-vf", scale, "-f", "rawvideo", "pipe:1"];
    const source = trialPictures(kind);
    const child = Bun.spawn(argv, { stdin: source, stdout: "pipe", stderr: "inherit" });
    const got = await new Response(child.stdout).bytes();
    const expected = halved(source, kind);
    expect(judgePictures({ expected, got, kind: small, tolerance: 3 })).toBeNull();
  },
);
