import { describe, expect, test } from "bun:test";
import { judgeDamage } from "../../src/ffmpeg/source-damage.ts";
import type { SoundFound } from "../../src/ffmpeg/source-sound.ts";
import type { Timeline } from "../../src/ffmpeg/timeline.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { damage, media, videoStream } from "./records.ts";

function timeline(packets: number): Timeline {
  return {
    packets,
    first_s: 0,
    last_s: 59.96,
    end_s: 60,
    largest_gap_s: 0.04,
    largest_gap_at_s: 0,
    bare_s: 0,
    lasts_s: 60,
    meanwhile: 0,
    behind: 0,
  };
}

type Rest = { broken?: number; heard?: Partial<SoundFound>; format?: string; missing_bytes?: number };

/** A film of 1500 pictures and 2800 pieces of sound, with four complaints of one kind. */
function judge(
  found: Parameters<typeof damage>[0],
  film: Partial<VideoStream> = {},
  { broken = 0, heard = {}, format = "matroska,webm", missing_bytes = 0 }: Rest = {},
) {
  const first = "[warning] file:a: b.ts: corrupt decoded frame in stream 0";
  return judgeDamage({
    film: videoStream(film),
    timeline: timeline(1500),
    sound: new Map([[1, timeline(2800)]]),
    damage: damage({ lines: 4, first, ...found }),
    broken: broken === 0 ? null : { pictures: 1500, broken },
    source: media({ format }),
    found: { short: [], lost: [], bare: [], ...heard },
    missing_bytes,
  });
}

test("no complaints", () => {
  expect(judge({ lines: 0, first: null })).toEqual({ notes: [] });
});

describe("small damage is told", () => {
  const note = "The source has small damage at 4 places, first: corrupt decoded frame in stream 0.";
  const variable = { constant_rate: false };
  const rows: [string, Parameters<typeof damage>[0], Partial<VideoStream>, string][] = [
    ["one picture", { corrupt_pictures: 1 }, {}, `${note} 1 of its 1500 pictures may show it.`],
    ["before the first keyframe", { undecoded: { 0: 40 } }, {}, note],
    ["a container that ends early, with all its frames", { container: 4 }, {}, note],
    ["some sound", { undecoded: { 1: 5 } }, {}, note],
    ["a track that was not kept", { undecoded: { 7: 900 } }, {}, note],
    ["a variable film, all frames counted", { container: 4 }, { ...variable, frames: 1500 }, note],
  ];
  test.each(rows)("%s", (_name, found, film, expected) => {
    expect(judge(found, film)).toEqual({ notes: [expected] });
  });
});

describe("more is damage", () => {
  const variable = { constant_rate: false };
  const rows: [string, Parameters<typeof damage>[0], Partial<VideoStream>, string][] = [
    ["pictures", { corrupt_pictures: 4 }, {}, "complained at 4 places while reading it"],
    ["a variable film that nobody counted", { container: 4 }, variable, "complained at 4 places"],
    ["a variable film, packets", { undecoded: { 0: 4 } }, variable, "complained at 4 places"],
    ["a variable film, frames missing", {}, { ...variable, frames: 1504 }, "complained at 4 places"],
    ["sound", { undecoded: { 1: 6 } }, {}, "The sound of track 1 is damaged: 6 pieces"],
  ];
  test.each(rows)("%s", (_name, found, film, part) => {
    expect(judge(found, film)).toMatchObject({
      refusal: { outcome: "permanent", reason: "source_damaged", message: expect.stringContaining(part) },
    } as never);
  });
});

test("pictures that are drawn from a broken one count as broken", () => {
  expect(judge({ corrupt_pictures: 1 }, {}, { broken: 3 })).toMatchObject({
    notes: [expect.stringContaining(" 3 of its")],
  });
  expect(judge({ corrupt_pictures: 1 }, {}, { broken: 4 })).toMatchObject({
    refusal: { reason: "source_damaged" },
  });
});

describe("sound that the source claims, and does not hold", () => {
  const track = { index: 1, end_s: 30, expected_s: 60, claimed: true };
  const silent = { lines: 0, first: null };
  const told = { notes: expect.anything() };
  const damaged = {
    refusal: {
      outcome: "permanent",
      reason: "source_damaged",
      message: expect.stringContaining("at 30.0 s"),
    },
  };
  const rows: [string, Parameters<typeof damage>[0], Rest, unknown][] = [
    ["mp4 counts its samples", silent, { format: "mov,mp4", heard: { short: [track] } }, damaged],
    ["a tag alone may be left over from elsewhere", silent, { heard: { short: [track] } }, told],
    ["and something else is wrong", {}, { heard: { short: [track] } }, damaged],
    ["and the file was cut off", silent, { missing_bytes: 9, heard: { short: [track] } }, damaged],
    ["a film may outlast its sound", {}, { heard: { short: [{ ...track, claimed: false }] } }, told],
    ["it was the result that lost it", {}, { heard: { short: [track], lost: [track] } }, told],
    ["a click is missing inside", {}, { heard: { bare: [{ index: 1, bare_s: 0.1 }] } }, told],
    [
      "gaps that the source may have always had",
      silent,
      { heard: { bare: [{ index: 1, bare_s: 9 }] } },
      { notes: ["The sound of track 1 has gaps of 9.0 s in the source."] },
    ],
  ];
  test.each(rows)("%s", (_name, found, rest, expected) => {
    expect(judge(found, {}, rest)).toMatchObject(expected as never);
  });

  test("much is missing inside", () => {
    expect(judge({}, {}, { heard: { bare: [{ index: 1, bare_s: 0.2 }] } })).toMatchObject({
      refusal: { message: "The sound of track 1 is damaged: 0.2 s of it are missing." },
    });
  });
});
