import { expect, test } from "bun:test";
import { measureThroughput, type Throughput, type Work } from "../../../src/roles/master/throughput.ts";

const HOUR_MS = 3_600_000;

/** A film of 100 bytes, from and to in seconds after the beginning of the measured hour. */
function film(from_s: number, to_s: number, share = 1): Work {
  return { begun_ms: from_s * 1000, ended_ms: to_s * 1000, source_bytes: 100, share };
}

const speed = (files_per_hour: number, bytes_per_second: number) => ({ files_per_hour, bytes_per_second });

test.each<[string, Work[], Throughput]>([
  ["nothing", [], { files_per_hour: null, bytes_per_second: null }],
  ["one film", [film(0, 10)], speed(360, 10)],
  ["two, with a rest between them", [film(0, 10), film(3000, 3010)], speed(360, 10)],
  ["two at once", [film(0, 10), film(0, 10)], speed(720, 20)],
  ["two that overlap", [film(5, 15), film(0, 10)], speed(480, 40 / 3)],
  ["one within another", [film(0, 20), film(5, 10)], speed(360, 10)],
  ["half of one", [film(0, 10, 0.5)], speed(180, 5)],
  ["one that has only begun", [film(0, 10, 0)], { files_per_hour: null, bytes_per_second: null }],
  ["one that was begun before", [film(-90, 10)], speed(36, 1)],
  ["one that ended before", [film(-90, -10)], { files_per_hour: null, bytes_per_second: null }],
  ["one that took no time", [film(10, 10)], speed(3600, 100)],
  [
    "one that began when the clock was ahead",
    [film(20, 10)],
    { files_per_hour: null, bytes_per_second: null },
  ],
])("of %s", (_, work, expected) => {
  const measured = measureThroughput(work, 0, HOUR_MS);
  expect(measured.files_per_hour ?? -1).toBeCloseTo(expected.files_per_hour ?? -1, 6);
  expect(measured.bytes_per_second ?? -1).toBeCloseTo(expected.bytes_per_second ?? -1, 6);
});
