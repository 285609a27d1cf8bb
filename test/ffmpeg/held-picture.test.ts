import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withHeldPictures } from "../../src/ffmpeg/held-picture.ts";
import { parseMatroskaCrops, readHead } from "../../src/ffmpeg/matroska-crop.ts";
import { parseCleanAperture } from "../../src/ffmpeg/mp4-crop.ts";
import { box, element, number } from "../support/containers.ts";
import { temporaryFolder } from "./machine.ts";
import { media, videoStream } from "./records.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** A sample description of 64x48 with the eight numbers of a clean aperture. */
function stsd(...clap: number[]): Buffer {
  const fields = Buffer.alloc(78);
  fields.writeUInt16BE(64, 24);
  fields.writeUInt16BE(48, 26);
  const inside = [
    box("pasp", number(1), number(1)),
    ...(clap.length > 0 ? [box("clap", ...clap.map(number))] : []),
  ];
  return Buffer.concat([Buffer.alloc(8), box("avc1", fields, ...inside)]);
}

describe("a clean aperture", () => {
  const rows: [string, number[], object | null][] = [
    ["none", [], null],
    ["all of the picture", [64, 1, 48, 1, 0, 1, 0, 1], null],
    ["in the middle", [60, 1, 40, 1, 0, 1, 0, 1], { left: 2, top: 4, right: 2, bottom: 4, display: null }],
    ["moved", [60, 1, 40, 1, 1, 1, -2, 1], { left: 3, top: 2, right: 1, bottom: 6, display: null }],
    ["in halves", [120, 2, 80, 2, 2, 2, 0, 2], { left: 3, top: 4, right: 1, bottom: 4, display: null }],
    ["outside", [60, 1, 40, 1, 10, 1, 0, 1], null],
    ["larger than the picture", [70, 1, 40, 1, 0, 1, 0, 1], null],
    ["of nothing", [0, 1, 0, 1, 0, 1, 0, 1], null],
    ["by nought", [60, 0, 40, 1, 0, 1, 0, 1], null],
  ];
  test.each(rows)("%s", (_name, clap, expected) => {
    expect(parseCleanAperture(stsd(...clap))).toEqual(expected as never);
  });

  test("rubbish is none", () => {
    expect(parseCleanAperture(Buffer.alloc(10))).toBeNull();
    expect(parseCleanAperture(Buffer.alloc(200, 1))).toBeNull();
  });
});

const video = (...of: Buffer[]) =>
  element("ae", element("83", Buffer.from([1])), element("e0", element("b0", Buffer.from([64])), ...of));
const sound = element("ae", element("83", Buffer.from([2])));
const cropped = video(
  element("54cc", Buffer.from([6])),
  element("54aa", Buffer.from([0, 4])),
  element("54b0", Buffer.from([56])),
  element("54ba", Buffer.from([44])),
  element("55b0", element("55ba", Buffer.from([16]))),
);

test("sizes of eight bytes are exact", () => {
  const head = readHead(Buffer.from("ec010000000000006200", "hex"), 0);
  expect(head).toEqual({ id: 0xec, size: 98, next: 9 });
  expect(readHead(Buffer.from("1853806701ffffffffffffff00", "hex"), 0)).toMatchObject({
    size: null,
    next: 12,
  });
});

test("Matroska's tracks", () => {
  const crop = { left: 6, top: 0, right: 0, bottom: 4, display: { width: 56, height: 44 } };
  expect(parseMatroskaCrops(Buffer.concat([sound, video(), cropped]))).toEqual([null, crop]);
  expect(parseMatroskaCrops(Buffer.from([0xae, 0x85]))).toEqual([]);
  expect(parseMatroskaCrops(Buffer.alloc(20))).toEqual([]);
});

describe("in files", () => {
  const unsaid = { primaries: null, transfer: null, matrix: null, range: null };
  const film = videoStream({
    width: 64,
    height: 48,
    color: unsaid,
    sample_aspect_ratio: { num: 21, den: 20 },
  });
  const rows: [string, string, Buffer, object][] = [
    [
      "matroska,webm",
      "a.mkv",
      Buffer.concat([
        element("1a45dfa3", element("4286", Buffer.from([1]))),
        // A segment of unknown length, as recordings have.
        Buffer.from("18538067ff", "hex"),
        ...[element("ec", Buffer.alloc(40)), element("1654ae6b", sound, cropped)],
      ]),
      {
        crop: { left: 6, top: 0, right: 0, bottom: 4, by_ffmpeg: false },
        color: { ...unsaid, transfer: "smpte2084" },
      },
    ],
    [
      "mov,mp4,m4a,3gp,3g2,mj2",
      "a.mp4",
      Buffer.concat([
        box("ftyp", Buffer.from("isom")),
        box("mdat", Buffer.alloc(100)),
        box(
          "moov",
          box("mvhd", Buffer.alloc(20)),
          box("trak", box("mdia", box("hdlr", Buffer.alloc(8), Buffer.from("soun")))),
          box(
            "trak",
            box(
              "mdia",
              box("hdlr", Buffer.alloc(8), Buffer.from("vide")),
              box("minf", box("stbl", box("stsd", stsd(60, 1, 40, 1, 1, 1, 0, 1)))),
            ),
          ),
        ),
      ]),
      { crop: { left: 3, top: 4, right: 1, bottom: 4, by_ffmpeg: false }, color: unsaid },
    ],
  ];
  test.each(rows)("%s", async (format, name, bytes, expected) => {
    const path = join(folder.path, name);
    await writeFile(path, bytes);
    const [found] = (await withHeldPictures(path, media({ format, video: [film] }))).video;
    expect(found).toMatchObject({
      ...expected,
      ...(name === "a.mkv" ? { sample_aspect_ratio: { num: 28, den: 29 } } : {}),
    } as never);
  });

  test("what ffmpeg tells stands; other containers are not read; rubbish crops nothing", async () => {
    const path = join(folder.path, "rubbish.mkv");
    await writeFile(path, Buffer.alloc(5000, 0x47));
    const told = videoStream({ crop: { left: 1, top: 1, right: 1, bottom: 1, by_ffmpeg: true } });
    for (const format of ["matroska,webm", "mov,mp4"]) {
      expect((await withHeldPictures(path, media({ format, video: [told] }))).video).toEqual([told]);
    }
    expect((await withHeldPictures("/nowhere", media({ format: "mpegts", video: [film] }))).video).toEqual([
      film,
    ]);
  });
});
