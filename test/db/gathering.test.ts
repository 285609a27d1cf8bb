import { expect, test } from "bun:test";
import { createGathering } from "../../src/db/gathering.ts";

/** Asks at each time (ms) with so many queued, until it no longer waits; the time at which it commits. */
function commitsAt(gathering: ReturnType<typeof createGathering>, turns: [at_ms: number, queued: number][]) {
  return turns.find(([at_ms, queued]) => !gathering.waits(queued, at_ms))?.[0] ?? null;
}

test("who calls alone never waits", () => {
  const gathering = createGathering();
  for (let call = 0; call < 5; call++) {
    expect(gathering.waits(1, call * 100)).toBe(false);
    gathering.committed(1, 8);
  }
});

test.each([
  [
    "as long as they keep coming",
    [
      [0, 1],
      [0.9, 2],
      [1.8, 3],
      [2.7, 4],
      [3.6, 5],
      [4.1, 6],
    ],
    4.1,
  ],
  [
    "until nobody has come for an eighth of a commit",
    [
      [0, 1],
      [0.5, 4],
      [1.4, 4],
      [1.6, 4],
    ],
    1.6,
  ],
  [
    "until half a commit is over at most",
    [
      [0, 1],
      [0.9, 2],
      [1.8, 3],
      [2.7, 4],
      [3.5, 5],
      [4, 6],
      [4.5, 7],
    ],
    4,
  ],
] as [string, [number, number][], number][])(
  "after a shared commit of 8 ms it waits %s",
  (_what, turns, at_ms) => {
    const gathering = createGathering();
    expect(gathering.waits(16, 0)).toBe(false);
    gathering.committed(16, 8);
    expect(commitsAt(gathering, turns)).toBe(at_ms);
  },
);

test("each commit begins to count anew", () => {
  const gathering = createGathering();
  gathering.committed(16, 8);
  expect(
    commitsAt(gathering, [
      [0, 1],
      [5, 2],
    ]),
  ).toBe(5);
  gathering.committed(2, 8);
  expect(
    commitsAt(gathering, [
      [5, 1],
      [5.9, 2],
      [7, 2],
    ]),
  ).toBe(7);
});

test("after a disk that hung for a minute nobody waits for long", () => {
  const gathering = createGathering();
  gathering.committed(16, 60_000);
  expect(
    commitsAt(
      gathering,
      Array.from({ length: 100 }, (_, ms) => [ms, ms + 1]),
    ),
  ).toBe(10);
});
