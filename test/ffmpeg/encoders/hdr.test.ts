import { expect, test } from "bun:test";
import { chromaLocation, svtHdr, x265Hdr } from "../../../src/ffmpeg/encoders/hdr.ts";
import { DISPLAY, LIGHT } from "../hdr-records.ts";

const both = { mastering: DISPLAY, light: LIGHT };

test("x265's words", () => {
  expect(x265Hdr(null)).toEqual([]);
  expect(x265Hdr(both)).toEqual([
    ...["hdr10=1", "repeat-headers=1"],
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)",
    "max-cll=900,400",
  ]);
  expect(x265Hdr({ mastering: null, light: LIGHT })).toEqual([
    "hdr10=1",
    "repeat-headers=1",
    "max-cll=900,400",
  ]);
});

test("SVT-AV1's words", () => {
  expect(svtHdr(null)).toEqual([]);
  expect(svtHdr(both)).toEqual([
    "-svtav1-params",
    "enable-hdr=1:mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)WP(0.31270,0.32900)L(1000.0000,0.0050):content-light=900,400",
  ]);
});

test.each([
  ["left", 0],
  ["center", 1],
  ["topleft", 2],
  ["bottom", 5],
  ["elsewhere", null],
  [null, null],
])("%p is %p", (name, number) => {
  expect(chromaLocation(name)).toBe(number);
});
