import { expect, test } from "bun:test";
import { type Color, colorParams, colorTags, isHdr, tellable, untoldMatrix } from "../../src/ffmpeg/color.ts";
import { BT709, HLG, PQ } from "./hdr-records.ts";

const NOTHING = { primaries: null, transfer: null, matrix: null, range: null };

const rows: [string, Color, string, string][] = [
  ["nothing", NOTHING, "", ""],
  [
    "SDR",
    BT709,
    "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv",
    "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
  ],
  ["a curve of two names", { ...NOTHING, transfer: "bt470bg" }, "-color_trc gamma28", "color_trc=bt470bg"],
  [
    "names that only newer ones know",
    { primaries: "vgamut", transfer: "vlog", matrix: "ipt-c2", range: "tv" },
    "-color_range tv",
    "range=tv",
  ],
  ["the matrix of RGB", { ...NOTHING, matrix: "gbr" }, "", ""],
];
test.each(rows)("%s", (_name, color, options, filter) => {
  expect(colorTags(color).join(" ")).toBe(options);
  expect(colorParams(color)).toBe(filter);
});

test("only matrices that no scaler knows are hidden from it", () => {
  expect([null, "gbr", "bt709", "bt470bg", "bt2020nc"].flatMap(untoldMatrix)).toEqual([]);
  for (const matrix of ["ycgco", "ictcp", "bt2020c", "smpte2085"]) {
    expect(untoldMatrix(matrix)).toEqual(["setparams=colorspace=unknown"]);
  }
});

test("HDR is known by its curve", () => {
  expect([PQ, HLG, BT709, NOTHING].map(({ transfer }) => isHdr(transfer))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(tellable(PQ)).toEqual(PQ);
});
