import { describe, expect, test } from "bun:test";
import { lookAtFrames } from "../../src/ffmpeg/fields.ts";
import { judgeScan } from "../../src/ffmpeg/scan.ts";

const WIDTH = 64;
const HEIGHT = 48;

/** A pattern that moves to the right, as a camera sees it at that moment; it never repeats itself in a row. */
function seen(moment: number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => {
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    return 128 + 60 * Math.sin((x - 2 * moment) / 5 + y / 9) + 50 * Math.sin((x - 2 * moment) / 2.3 - y / 7);
  });
}

/** Light without an edge, which moves so little that no pixel changes clearly; with the noise of a camera. */
function soft(moment: number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => {
    const noise = ((at * 7919 + moment * 104_729) * 2_654_435_761) % 3;
    return 128 + 80 * Math.sin(((at % WIDTH) - 2 * moment) / 40) + noise;
  });
}

/** Most of it stands still. */
function corner(moment: number): Uint8Array {
  const still = seen(0);
  return seen(moment).map((sample, at) => (at % WIDTH < WIDTH / 8 ? sample : (still[at] ?? 0)));
}

const WHITE = new Uint8Array(WIDTH * HEIGHT).fill(235);

/** The even rows of one picture and the odd ones of another. */
function woven(top: Uint8Array, bottom: Uint8Array): Uint8Array {
  return top.map((sample, at) => (Math.floor(at / WIDTH) % 2 === 0 ? sample : (bottom[at] ?? 0)));
}

const films: Record<string, Uint8Array[]> = {
  whole: frames((n) => seen(2 * n)),
  top_first: frames((n) => woven(seen(2 * n), seen(2 * n + 1))),
  bottom_first: frames((n) => woven(seen(2 * n + 1), seen(2 * n))),
  mispaired_top: frames((n) => woven(seen(2 * n), seen(2 * n + 2))),
  mispaired_bottom: frames((n) => woven(seen(2 * n + 2), seen(2 * n))),
  // A flash that lasts for two fields of two frames.
  top_first_flashing: frames((n) =>
    woven(n === 12 ? WHITE : corner(2 * n), n === 11 ? WHITE : corner(2 * n + 1)),
  ),
  soft_whole: frames((n) => soft(2 * n)),
  soft_top_first: frames((n) => woven(soft(2 * n), soft(2 * n + 1))),
  still: frames(() => seen(0)),
  top_first_short: frames((n) => woven(seen(2 * n), seen(2 * n + 1)), 8),
  lines: frames((n) => rows((y) => ((y + 3 * n) % 8 === 0 ? 220 : 30)), 10),
  rising: frames((n) => rows((y) => ((y + 2 * n) % 16 < 2 ? 220 : 30))),
  noise: frames((n) => seen(0).map((_, at) => ((at * 7919 + n * 104_729) * 2_654_435_761) % 251)),
};

function rows(brightness: (y: number) => number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => brightness(Math.floor(at / WIDTH)));
}

function frames(make: (n: number) => Uint8Array, count = 26): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

/** Four pictures of film in five of television: two of the five have fields of two pictures. */
const telecined = frames((n) => {
  const picture = (k: number) => seen(3 * (4 * Math.floor(n / 5) + k));
  const pairs = [
    [0, 0],
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 3],
  ] as const;
  const [top, bottom] = pairs[n % 5] ?? [0, 0];
  return woven(picture(top), picture(bottom));
});

describe("how frames look", () => {
  const rows: [string, string | null][] = [
    ...["whole", "top_first", "bottom_first", "mispaired_top", "mispaired_bottom"].map(
      (name): [string, string] => [name, name],
    ),
    ["top_first_flashing", "top_first"],
    ["soft_top_first", "top_first"],
    ["soft_whole", null],
    ["still", null],
  ];
  test.each(rows)("%s", (name, expected) => {
    expect(lookAtFrames(films[name] ?? [], WIDTH).all).toBe(expected as never);
  });

  test("too few to tell", () => {
    expect(lookAtFrames([], WIDTH)).toMatchObject({ all: null });
    expect(lookAtFrames([seen(0)], WIDTH)).toMatchObject({ all: null });
  });
});

describe("what a film is judged to be", () => {
  const progressive = { kind: "progressive", first: null, seen: false } as const;
  const partly = { ...progressive, partly: true };
  const told = { kind: "interlaced", first: "top", seen: false } as const;
  const look = (...names: string[]) =>
    names.map((name) => lookAtFrames(name === "telecined" ? telecined : (films[name] ?? []), WIDTH));
  const rows: [string, typeof progressive | typeof told, string[], object][] = [
    ["whole, as told", progressive, ["whole", "whole"], progressive],
    ["interlaced, as told", told, ["top_first", "still"], { ...told, seen: true }],
    [
      "of another order than told",
      told,
      ["bottom_first"],
      { kind: "interlaced", first: "bottom", seen: true },
    ],
    [
      "interlaced, untold",
      progressive,
      ["top_first", "top_first", "still"],
      { kind: "interlaced", first: "top", seen: true },
    ],
    ["whole but for one place, untold", progressive, ["top_first", "whole", "whole"], partly],
    ["of no clear order, untold", progressive, ["top_first", "bottom_first"], partly],
    ["a few frames that seem woven, untold", progressive, ["top_first_short"], progressive],
    ["lines that jump by three rows, untold", progressive, ["lines", "lines"], progressive],
    ["a level edge that rises by two rows a frame, untold", progressive, ["rising", "rising"], progressive],
    ["noise, untold", progressive, ["noise", "noise"], progressive],
    ["a few frames, told", told, ["top_first_short"], { ...told, seen: true }],
    [
      "whole, though told",
      told,
      ["whole", "still", "whole"],
      { kind: "told_interlaced", first: "top", seen: true },
    ],
    ["partly whole, told", told, ["whole", "top_first", "whole"], { ...told, seen: true }],
    ["still", told, ["still"], told],
    [
      "telecined",
      progressive,
      ["telecined", "telecined", "still"],
      { kind: "telecined", first: "top", seen: true },
    ],
    ["telecined, told", told, ["telecined"], { kind: "telecined", first: "top", seen: true }],
    ["shifted by a field", told, ["mispaired_bottom"], { kind: "telecined", first: "bottom", seen: true }],
    ["not looked at", told, [], told],
  ];
  test.each(rows)("%s", (_name, header, places, expected) => {
    expect(judgeScan(header, look(...places))).toEqual(expected as never);
  });
});
