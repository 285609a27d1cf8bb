import { expect, test } from "bun:test";
import { createBucket } from "../../src/shared/bandwidth.ts";

/** Bytes, the time at which they are asked for, and what they must wait for, at 1000 bytes a second. */
test.each<[string, [number, number, number][]]>([
  ["a little goes at once", [[100, 0, 0]]],
  ["more than a little waits for the rest", [[600, 0, 500]]],
  [
    "each waits behind those before",
    [
      [100, 0, 0],
      [200, 0, 200],
      [300, 0, 500],
      [300, 500, 300],
    ],
  ],
  [
    "a silence saves up a little, and no more",
    [
      [100, 0, 0],
      [100, 3_600_000, 0],
      [100, 3_600_000, 100],
    ],
  ],
  [
    "a clock that stands still or goes back gives nothing",
    [
      [100, 1000, 0],
      [100, 1000, 100],
      [100, 500, 200],
      [100, 1100, 200],
    ],
  ],
])("%s", (_, asked) => {
  const bucket = createBucket(1000);
  for (const [bytes, now_ms, wait_ms] of asked) expect(bucket.take(bytes, now_ms)).toBeCloseTo(wait_ms, 6);
});

test("in the long run the rate is the limit, whatever the portions", () => {
  const bucket = createBucket(50_000);
  let now_ms = 0;
  let sent = 0;
  for (let n = 0; n < 5000; n++) {
    const bytes = 1 + ((n * 7919) % 3000);
    now_ms += bucket.take(bytes, now_ms);
    sent += bytes;
  }
  expect((sent / now_ms) * 1000).toBeWithin(50_000, 50_100);
});
