import { describe, expect, test } from "bun:test";
import { parseMatroskaColors, parseMp4Color, withHeldColor } from "../../src/ffmpeg/held-color.ts";
import { box, element } from "../support/containers.ts";

const hdr = { primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc" };
const none = { primaries: null, transfer: null, matrix: null, range: null };

describe("mp4", () => {
  const stsd = (...inside: Buffer[]) =>
    Buffer.concat([Buffer.alloc(8), box("hvc1", Buffer.alloc(78), ...inside)]);
  const colr = (kind: string, ...bytes: number[]) => box("colr", Buffer.from(kind), Buffer.from(bytes));
  const rows: [string, Buffer[], object | null][] = [
    ["no box", [], null],
    ["nclx", [colr("nclx", 0, 9, 0, 16, 0, 9, 0)], { ...hdr, range: "tv" }],
    ["nclx of the full range", [colr("nclx", 0, 9, 0, 16, 0, 9, 128)], { ...hdr, range: "pc" }],
    ["QuickTime's nclc", [colr("nclc", 0, 9, 0, 18, 0, 9)], { ...none, ...hdr, transfer: "arib-std-b67" }],
    [
      "after others",
      [box("pasp", Buffer.alloc(8)), colr("nclc", 0, 1, 0, 2, 0, 6)],
      { ...none, primaries: "bt709", matrix: "smpte170m" },
    ],
    ["a profile of ICC", [colr("prof", 0, 9, 0, 16, 0, 9, 0)], null],
    ["numbers that nobody knows", [colr("nclc", 0, 99, 1, 0, 0, 0)], none],
    ["cut short", [colr("nclx", 0, 9, 0)], null],
  ];
  test.each(rows)("%s", (_name, inside, expected) => {
    expect(parseMp4Color(stsd(...inside))).toEqual(expected as never);
  });
});

test("Matroska", () => {
  const number = (id: string, value: number) => element(id, Buffer.from([value]));
  const track = (...video: Buffer[]) => element("ae", number("83", 1), element("e0", ...video));
  const colour = element("55b0", number("55b1", 9), number("55b9", 1), number("55ba", 16), number("55bb", 9));
  const sound = element("ae", number("83", 2));
  const tracks = [sound, track(colour), track(), track(element("55b0", number("55ba", 2)))];
  expect(parseMatroskaColors(Buffer.concat(tracks))).toEqual([{ ...hdr, range: "tv" }, null, none]);
});

test("what the pictures say stands; the container fills in the rest", () => {
  const held = { ...hdr, range: "tv" };
  expect(withHeldColor(none, held)).toEqual(held);
  expect(withHeldColor({ ...none, transfer: "bt709", range: "pc" }, held)).toEqual({
    ...hdr,
    transfer: "bt709",
    range: "pc",
  });
  expect(withHeldColor(none, null)).toEqual(none);
});
