import { describe, expect, test } from "bun:test";
import { createHeaders } from "../../src/ffmpeg/headers.ts";

const A = "12, 0x154d04a8";
const B = "12, 0x159d04b8";

/** A header each second, by their sums. */
const listed = (...sums: string[]) =>
  sums.map((sum, n) => `0, ${90_000 * n}, ${90_000 * n}, 3600, ${sum}, S=1, 1`);

function read(lines: string[]) {
  const headers = createHeaders();
  return { taken: lines.map(headers.read), changes_s: headers.changes_s() };
}

describe("the places that are worth a look", () => {
  test.each<[string, string[], number[]]>([
    ["none where nothing is listed", [], []],
    ["none where nothing changes", listed(A, A, A), []],
    ["where the second header of each kind stands", listed(A, A, A, B, B, B, A, A), [1, 4]],
    ["not where one alone is damaged", listed(A, A, B, A, A), []],
    ["not where each is damaged", listed(A, A, "1, 0x00000001", "1, 0x00000002", "1, 0x00000003"), []],
    ["by the unit that is told", ["#tb 0: 1/1000", ...listed(A, A, B, B)], [90, 270]],
    [
      "by the time of decoding where no other is known",
      ["0, 90000, NOPTS, 1, 1, 0x00000001"].concat(listed(A, A, B, B)),
      [1, 3],
    ],
  ])("%s", (_, lines, wanted) => expect(read(lines).changes_s).toEqual(wanted));

  test("are no more than can be looked at", () => {
    const sums = Array.from({ length: 100 }, (_, n) => `${n}, 0x00000000`);
    expect(read(listed(...sums.flatMap((sum) => [sum, sum]))).changes_s).toHaveLength(30);
  });
});

test("changes are counted, without what is damaged", () => {
  const changesOf = (...sums: string[]) => {
    const headers = createHeaders();
    for (const line of listed(...sums)) headers.read(line);
    return headers.changes();
  };
  expect(changesOf(A, A, A)).toBe(0);
  expect(changesOf(A, A, B, B, A, A)).toBe(2);
  expect(changesOf(A, A, B, A, A)).toBe(0);
});

test("lines of the list, and what those say who make it, are taken; all others are left", () => {
  const mine = [
    "#software: Lavf59.27.100",
    "#extradata 0:       22, 0x4c0505fd",
    "#codec_id 0: mpeg2video",
    "0,      -3600,          0,     3600,       12, 0x154d04a8, S=2,        1,       40",
    '[filter_units @ 0x55] [warning] Failed to parse header of NALU (type 0): "Invalid data found when processing input". Skipping NALU.',
    "[framecrc @ 0x55] [warning] Timestamps are unset in a packet for stream 0.",
    "[vost#1:0/copy @ 0x55] [warning] Invalid DTS: 789088 PTS: 770416, replacing by guess",
    "[warning] Invalid DTS: 784386 PTS: 765714 in output stream 1:0, replacing by guess",
  ];
  const others = [
    "[mpeg2video @ 0x55] [error] ac-tex damaged at 3 4",
    "[vost#0:0/libx264 @ 0x55] [error] Error submitting video frame to the encoder",
    "[warning] film.ts: corrupt input packet in stream 0",
    "frame=12",
    "",
  ];
  expect(read(mine).taken).toEqual(mine.map(() => true));
  expect(read(others).taken).toEqual(others.map(() => false));
});
