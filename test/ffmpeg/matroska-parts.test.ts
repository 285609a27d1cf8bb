import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withParts } from "../../src/ffmpeg/look-parts.ts";
import { parseParts } from "../../src/ffmpeg/matroska-parts.ts";
import { plan } from "../../src/ffmpeg/plan.ts";
import { CPU_ONLY } from "../../src/shared/gpu.ts";
import { element, number } from "../support/containers.ts";
import { temporaryFolder } from "./machine.ts";
import { capabilities, conversion, media, videoStream } from "./records.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const one = Buffer.from([1]);

function seconds(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value) * 1_000_000_000n);
  return bytes;
}

/** A part from one second to another, of the file with that UID. */
function part(from_s: number, to_s: number, uid: Buffer | null = null): Buffer {
  const times = [element("91", seconds(from_s)), element("92", seconds(to_s))];
  return element("b6", ...times, ...(uid === null ? [] : [element("6e67", uid)]));
}

const edition = (...parts: Buffer[]) => element("45b9", ...parts);
const ORDERED = element("45dd", one);
const OWN = Buffer.from("the own UID of it");
const information = element("73a4", OWN);

describe("what chapters do", () => {
  const rows: [string, Buffer[], ReturnType<typeof parseParts>][] = [
    ["nothing, where they only name places", [edition(part(0, 1), part(0, 1))], null],
    ["nothing, where all stands in its order", [edition(ORDERED, part(0, 1), part(1, 2, OWN))], null],
    ["parts of other files", [edition(ORDERED, part(0, 1), part(0, 1, Buffer.from("other")))], "elsewhere"],
    ["another order", [edition(ORDERED, part(4, 6), part(0, 4))], "ordered"],
    ["a part left out", [edition(ORDERED, part(0, 1), part(4, 5))], "ordered"],
    [
      "those of the edition that is shown",
      [edition(ORDERED, part(4, 6), part(0, 4)), edition(element("45db", one), part(0, 1))],
      null,
    ],
    ["nothing, where there are none", [], null],
  ];
  test.each(rows)("%s", (_, editions, wanted) => {
    expect(parseParts(Buffer.concat(editions), information)).toBe(wanted);
  });
});

describe("a file", () => {
  const chapters = element("1043a770", edition(ORDERED, part(0, 1, Buffer.from("other"))));
  const about = element("1549a966", information);
  const cluster = element("1f43b675", Buffer.alloc(100));
  const looked = async (name: string, ...top: Buffer[]) => {
    const path = join(folder.path, name);
    await writeFile(path, Buffer.concat([element("1a45dfa3", one), element("18538067", ...top)]));
    return (await withParts(path, media({ format: "matroska,webm", chapters: 1 }))).parts;
  };

  test("with its chapters before the film, behind it, or nowhere", async () => {
    expect(await looked("before.mkv", about, chapters, cluster)).toBe("elsewhere");
    const seek = element("4dbb", element("53ab", Buffer.from("1043a770", "hex")), element("53ac", number(0)));
    const list = element("114d9b74", seek);
    const behind = [list, about, cluster];
    const place = behind.reduce((sum, { length }) => sum + length, 0);
    list.writeInt32BE(place, list.length - 4);
    expect(await looked("behind.mkv", ...behind, chapters)).toBe("elsewhere");
    expect(await looked("nowhere.mkv", about, cluster, chapters)).toBeUndefined();
  });

  test("is refused, or told of", () => {
    const of = { conversion: conversion(), capabilities: capabilities(), gpu: CPU_ONLY };
    const film = { video: [videoStream()] };
    const elsewhere = plan({ ...of, media: media({ ...film, parts: "elsewhere" }) });
    expect(elsewhere).toMatchObject({
      refusal: { outcome: "permanent", message: expect.stringContaining("segment linking") },
    });
    const ordered = plan({ ...of, media: media({ ...film, parts: "ordered" }) });
    const notes = "refusal" in ordered ? [] : ordered.ladder[0]?.notes;
    expect(notes).toEqual([expect.stringContaining("another order")]);
  });
});
