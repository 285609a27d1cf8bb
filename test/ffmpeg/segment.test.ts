import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missingBytes, segmentEnd } from "../../src/ffmpeg/segment.ts";
import { makeFilm } from "../damage/films.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const EBML = [0x1a, 0x45, 0xdf, 0xa3, 0x82, 0xff, 0xff];
const SEGMENT = [0x18, 0x53, 0x80, 0x67];

describe("where a segment ends", () => {
  const rows: [string, number[], number | null][] = [
    ["one byte of length", [...EBML, ...SEGMENT, 0x8a], 22],
    ["two bytes", [...EBML, ...SEGMENT, 0x41, 0x00], 13 + 256],
    ["eight bytes", [...EBML, ...SEGMENT, 0x01, 0, 0, 1, 0, 0, 0, 0], 19 + 2 ** 32],
    ["after a void", [...EBML, 0xec, 0x81, 0x00, ...SEGMENT, 0x8a], 25],
    ["unknown", [...EBML, ...SEGMENT, 0x01, 255, 255, 255, 255, 255, 255, 255], null],
    ["unknown in one byte", [...EBML, ...SEGMENT, 0xff], null],
    ["a head that ends inside the length", [...EBML, ...SEGMENT, 0x01, 0, 0], null],
    ["a length that cannot be", [...EBML, ...SEGMENT, 0x00], null],
    ["no Matroska", [0, 0, 0, 0x20, 0x66, 0x74, 0x79, 0x70], null],
    ["nothing", [], null],
  ];
  test.each(rows)("%s", (_name, bytes, expected) => {
    expect(segmentEnd(new Uint8Array(bytes))).toBe(expected);
  });
});

const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

/** A film of 6 s whose tracks do not say how long they last, as old programs write them. */
async function untaggedFilm(): Promise<Buffer> {
  const film = await makeFilm("h264.mkv", folder.path);
  const bytes = Buffer.from(await Bun.file(film.path).arrayBuffer());
  for (let at = bytes.indexOf("DURATION"); at >= 0; at = bytes.indexOf("DURATION")) bytes.write("X", at);
  return bytes;
}

test(
  "a film that was cut by less than two seconds is refused; one that lacks only its index is not",
  async () => {
    const whole = await untaggedFilm();
    const [source, target] = [join(folder.path, "cut.mkv"), join(folder.path, "result.mp4")];
    for (const [share, outcome] of [
      [1, "done"],
      [0.9, "permanent"],
      [0.98, "permanent"],
    ] as const) {
      await writeFile(source, whole.subarray(0, whole.length * share));
      const ended = await convert({ source, target }, {});
      expect({ share, outcome: ended.outcome }).toEqual({ share, outcome });
    }
    await writeFile(source, whole.subarray(0, whole.length - 20));
    expect(await missingBytes(source)).toBe(20);
    const ended = await convert({ source, target }, {});
    expect(ended).toMatchObject({ outcome: "done" });
    expect(ended.report.notes).toContain(
      "The file ends 20 bytes before it says; nothing of the film is missing.",
    );
  },
  LIMIT_MS,
);
