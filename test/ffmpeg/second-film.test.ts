import { expect, test } from "bun:test";
import { join } from "node:path";
import { findSecondFilm } from "../../src/ffmpeg/second-film.ts";
import { openSource } from "../../src/ffmpeg/source.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** A file of empty boxes; `wide:` ones have lengths of 64 bits. */
function sourceOf(types: string[]) {
  const boxes = types.map((type) => {
    const box = Buffer.alloc(24);
    box.writeUInt32BE(type.startsWith("wide:") ? 1 : 24);
    box.write(type.replace("wide:", ""), 4, "latin1");
    if (type.startsWith("wide:")) box.writeBigUInt64BE(24n, 8);
    return box;
  });
  const bytes = Buffer.concat(boxes);
  return {
    size: bytes.length,
    read: async ({ at, length }: { at: number; length: number }) => bytes.subarray(at, at + length),
    close: async () => undefined,
  };
}

test.each<[string, string[], number | null]>([
  ["one film", ["ftyp", "moov", "free", "mdat"], null],
  ["its index at the end", ["ftyp", "wide:mdat", "moov"], null],
  ["two films", ["ftyp", "wide:mdat", "moov", "ftyp", "moov", "mdat"], 72],
  ["a name of the kind that comes twice", ["ftyp", "ftyp", "mdat", "moov"], null],
  ["fragments, with their headers again", ["ftyp", "moov", "moof", "mdat", "ftyp", "moov"], null],
  ["nothing", [], null],
])("%s", async (_, types, at) => expect(await findSecondFilm(sourceOf(types))).toBe(at));

test("a length beyond all files ends the search", async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, "damaged.mp4");
  const box = Buffer.from("0000000177696465ffffffffffffff00", "hex");
  await Bun.write(path, Buffer.concat([box, Buffer.alloc(100)]));
  const file = await openSource(path);
  try {
    expect(file && (await findSecondFilm(file))).toBeNull();
    expect(file).not.toBeNull();
  } finally {
    await file?.close();
    await folder.remove();
  }
});

test("a second film in the file is not lost in silence", async () => {
  const folder = await temporaryFolder();
  try {
    const { ffmpeg } = await thisMachine();
    const part = join(folder.path, "part.mp4");
    const source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1"];
    expect(Bun.spawnSync([ffmpeg.path, "-v", "error", ...source, part]).exitCode).toBe(0);
    const bytes = await Bun.file(part).bytes();
    const glued = join(folder.path, "glued.mp4");
    await Bun.write(glued, Buffer.concat([bytes, bytes]));
    const ended = await convert({ source: glued, target: join(folder.path, "result.mp4") });
    expect(ended).toMatchObject({ outcome: "permanent", reason: "unsupported" });
    expect("message" in ended && ended.message).toContain(`a second film, from byte ${bytes.length} on`);
  } finally {
    await folder.remove();
  }
}, 60_000);
