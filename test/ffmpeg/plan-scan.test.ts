import { describe, expect, test } from "bun:test";
import { fieldFilters, fieldOptions } from "../../src/ffmpeg/args-fields.ts";
import { fieldNotes, picturesPer, planFields } from "../../src/ffmpeg/plan-scan.ts";
import type { Scan } from "../../src/shared/media.ts";
import { conversion, videoStream } from "./records.ts";

const scan = (kind: Scan["kind"], first: Scan["first"] = "bottom") => ({ kind, first, seen: true });

describe("what becomes of fields", () => {
  type Row = [string, Parameters<typeof videoStream>[0], "half" | "full" | "off", string[], number, string];
  const rows: Row[] = [
    ["whole pictures", { scan: scan("progressive", null) }, "full", [], 1, ""],
    [
      "two to one",
      { scan: scan("interlaced") },
      "half",
      ["bwdif=mode=send_frame:parity=bff:deint=all", "setfield=prog"],
      1,
      "although",
    ],
    [
      "one to one",
      { scan: scan("interlaced", "top") },
      "full",
      ["bwdif=mode=send_field:parity=tff:deint=all", "setfield=prog"],
      2,
      "twice the rate",
    ],
    [
      "of unknown order",
      { scan: scan("interlaced", null), interlaced: true },
      "half",
      ["bwdif=mode=send_frame:parity=auto:deint=all", "setfield=prog"],
      1,
      "was interlaced and has",
    ],
    ["kept", { scan: scan("interlaced") }, "off", ["setfield=bff"], 1, "stays so"],
    [
      "said in vain",
      { scan: scan("told_interlaced"), interlaced: true },
      "full",
      ["setfield=prog"],
      1,
      "pictures are whole",
    ],
    [
      "telecined",
      { scan: scan("telecined", "top") },
      "full",
      [
        "fieldmatch=order=tff:mode=pc_n:combmatch=full",
        "bwdif=mode=send_frame:parity=auto:deint=interlaced",
        "setfield=prog",
      ],
      1,
      "paired anew",
    ],
    [
      "telecined with 10 bits, which fieldmatch cannot",
      { scan: scan("telecined"), bit_depth: 10 },
      "half",
      ["bwdif=mode=send_frame:parity=bff:deint=all", "setfield=prog"],
      1,
      "deinterlaced",
    ],
  ];
  test.each(rows)("%s", (_name, film, deinterlace, filters, per, note) => {
    const fields = planFields(videoStream(film), { deinterlace }, "libx264");
    expect(fieldFilters(fields)).toEqual(filters);
    expect(picturesPer(fields)).toBe(per);
    const notes = fieldNotes(videoStream(film), fields, "h264");
    expect(notes).toEqual(note === "" ? [] : [expect.stringContaining(note)]);
  });
});

test("only encoders that know fields are told to write them", () => {
  const film = videoStream({ scan: scan("interlaced") });
  const kept = (encoder: string) => planFields(film, conversion({ deinterlace: "off" }), encoder);
  const options = (encoder: string) => fieldOptions({ fields: kept(encoder), encoder });
  expect(options("libx264")).toEqual(["-flags:v:0", "+ildct+ilme", "-x264-params", "bff=1"]);
  expect(options("prores_ks")).toEqual(["-flags:v:0", "+ildct+ilme"]);
  expect(options("libx265")).toEqual([]);
  expect(fieldNotes(film, kept("libx265"), "hevc")[0]).toContain("hevc knows no fields");
});
