import { describe, expect, test } from "bun:test";
import {
  attemptEnded,
  deviceKey,
  emptyMemory,
  learn,
  ratesAt,
  standingOf,
  suspectsAt,
} from "../../../src/roles/worker/gpu-memory.ts";
import type { GpuFact } from "../../../src/shared/gpu.ts";
import { gpu } from "./gpu-records.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_800_000_000_000;
const empty = emptyMemory("ffmpeg 9");
const suspect = (rung: string, why = "it hung"): GpuFact => ({ type: "suspect", suspect: { rung, why } });
const proven = (rung: string): GpuFact => ({ type: "proven", rung });
const rate = (rung: string, fps: number, preset = "medium"): GpuFact => ({
  type: "rate",
  rate: { rung, preset, kind: "1920x1080 420", fps, frames: 150 },
});

/** What is left after facts, each told at its time. */
function after(...facts: [number, GpuFact][]) {
  return facts.reduce((memory, [at_ms, fact]) => learn(memory, fact, NOW + at_ms), empty);
}
const rungsAt = (memory: typeof empty, at_ms: number) =>
  suspectsAt(memory, NOW + at_ms).map(({ rung }) => rung);

describe("a suspect", () => {
  test("is left alone for an hour, and says how long still", () => {
    const memory = after([0, suspect("a")]);
    expect(suspectsAt(memory, NOW)).toEqual([{ rung: "a", why: "it hung (tried again in 60 min)" }]);
    expect(rungsAt(memory, HOUR - 1)).toEqual(["a"]);
    expect(rungsAt(memory, HOUR)).toEqual([]);
  });

  test.each<[number, number]>([
    [1, 1],
    [2, 2],
    [3, 4],
    [5, 16],
    [6, 24],
    [9, 24],
  ])("that fails for the %ith time in a row is left alone for %i h", (times, hours) => {
    let at_ms = 0;
    let memory = empty;
    for (let n = 0; n < times; n++) {
      memory = learn(memory, suspect("a"), NOW + at_ms);
      at_ms += 30 * HOUR;
    }
    const last_ms = at_ms - 30 * HOUR;
    expect(rungsAt(memory, last_ms + hours * HOUR - 1)).toEqual(["a"]);
    expect(rungsAt(memory, last_ms + hours * HOUR)).toEqual([]);
  });

  test("that failed in two films at once failed once", () => {
    const memory = after([0, suspect("a")], [MINUTE, suspect("a")]);
    expect(rungsAt(memory, HOUR)).toEqual([]);
  });

  test("is forgotten once it has made a film, and others are not", () => {
    const memory = after(
      [0, suspect("a")],
      [0, suspect("b")],
      [2 * HOUR, proven("a")],
      [2 * HOUR, suspect("a")],
    );
    expect(rungsAt(memory, HOUR - 1)).toEqual(["b", "a"]);
    expect(rungsAt(memory, 3 * HOUR)).toEqual([]);
  });

  test("is not put away for longer by a clock that was set back", () => {
    const memory = after([0, suspect("a")]);
    expect(rungsAt(memory, -365 * 24 * HOUR)).toEqual([]);
  });
});

test("the last rate of a rung, preset and kind of pictures counts, for a week", () => {
  const kind = "1920x1080 420";
  const other: GpuFact = {
    type: "rate",
    rate: { rung: "a", preset: "medium", kind: `${kind} to 1280x720`, fps: 5, frames: 150 },
  };
  const memory = after(
    [0, rate("a", 1)],
    [0, rate("a", 2, "slow")],
    [0, rate("b", 3)],
    [HOUR, rate("a", 4)],
    [HOUR, other],
  );
  const known = (at_ms: number) =>
    ratesAt(memory, NOW + at_ms).map(({ rung, preset, fps }) => `${rung} ${preset} ${fps}`);
  expect(known(HOUR)).toEqual(["a slow 2", "b medium 3", "a medium 4", "a medium 5"]);
  expect(known(7 * 24 * HOUR)).toEqual(["a medium 4", "a medium 5"]);
  expect(known(8 * 24 * HOUR)).toEqual([]);
  // A clock that was set back says nothing of how old they are.
  expect(known(-HOUR)).toEqual([]);
});

test("a device that makes films, though not in every way, says what is left alone", () => {
  const memory = after([0, suspect("d: decode vulkan", "it hung")], [0, suspect("other: x")]);
  expect(standingOf(memory, "d", NOW)).toEqual({
    state: "failing",
    problem: "left alone for now: decode vulkan: it hung (tried again in 60 min)",
  });
  expect(standingOf(memory, "d", NOW + HOUR).state).toBe("ok");
});

test("old drivers' facts do not pile up", () => {
  let memory = empty;
  for (let n = 0; n < 600; n++) memory = learn(learn(memory, suspect(`${n}`), NOW), rate(`${n}`, 1), NOW);
  expect([memory.suspects.length, memory.rates.length]).toEqual([500, 500]);
  expect(memory.suspects.at(-1)?.rung).toBe("599");
});

describe("a device", () => {
  type End = "failed" | "film" | "nothing";
  const ends = (...list: End[]) =>
    list.reduce(
      (memory, end) =>
        attemptEnded(
          memory,
          { device: "d", failed: end === "failed" ? "it hung" : null, made_film: end === "film" },
          NOW,
        ),
      empty,
    );
  test.each<[End[], string]>([
    [[], "ok"],
    [["nothing", "nothing", "nothing"], "ok"],
    [["failed"], "failing"],
    [["failed", "failed"], "failing"],
    [["failed", "failed", "nothing", "failed"], "parked"],
    [["failed", "failed", "film", "failed"], "failing"],
    [["failed", "failed", "failed", "film"], "ok"],
  ])("after %j is %s", (list, state) => {
    expect(standingOf(ends(...list), "d", NOW).state).toBe(state as never);
  });

  test("parks for half an hour, and at once again when it fails again", () => {
    const memory = ends("failed", "failed", "failed");
    const at = (of: typeof memory, ms: number) => standingOf(of, "d", NOW + ms);
    expect(at(memory, 29 * MINUTE)).toEqual({
      state: "parked",
      problem: "parked (tried again in 1 min): it failed in 3 films in a row, the last time: it hung",
    });
    expect(at(memory, 30 * MINUTE)).toEqual({
      state: "failing",
      problem: "it failed in 3 films in a row, the last time: it hung",
    });
    const again = { device: "d", failed: "it died", made_film: false };
    expect(at(attemptEnded(memory, again, NOW + HOUR), HOUR).state).toBe("parked");
  });

  test("that failed and made the film in another way is all right", () => {
    const memory = attemptEnded(empty, { device: "d", failed: "it hung", made_film: true }, NOW);
    expect(standingOf(memory, "d", NOW)).toEqual({ state: "ok", problem: null });
  });

  test("is another one with another driver", () => {
    expect(deviceKey(gpu())).not.toBe(deviceKey(gpu({ driver: "NVIDIA 590" })));
  });
});
