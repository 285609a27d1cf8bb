import { expect, test } from "bun:test";
import { createFlood } from "../../../src/roles/master/flood.ts";

const wrongTimes = (times: number, peer: string | null, now_ms = 0, flood = createFlood()) => ({
  flood,
  got: Array.from({ length: times }, () => flood.wrong(peer, now_ms)),
});
const AT_ONCE = { wait_ms: 0 };
const LATER = { wait_ms: 1000 };

test("a burst is answered at once, then some wait, then all are turned away", () => {
  const { got } = wrongTimes(60, "10.0.0.1");
  expect(got.slice(0, 20)).toEqual(Array(20).fill(AT_ONCE));
  expect(got.slice(20, 36)).toEqual(Array(16).fill(LATER));
  expect(got.slice(36)).toEqual(Array(24).fill(null));
});

test("time forgives one a second, and what waited makes room", () => {
  const { flood } = wrongTimes(60, "10.0.0.1");
  expect(flood.wrong("10.0.0.1", 30_000)).toEqual(AT_ONCE);
  const full = wrongTimes(60, "10.0.0.2", 0, flood);
  full.flood.answered("10.0.0.2");
  expect([flood.wrong("10.0.0.2", 0), flood.wrong("10.0.0.2", 0)]).toEqual([LATER, null]);
});

test("addresses do not pay for each other, but for those of one network", () => {
  const { flood } = wrongTimes(60, "2001:db8:1:2::5");
  expect(flood.wrong("2001:db8:1:2:ffff::9", 0)).toBeNull();
  expect(flood.wrong("2001:db8:1:3::5", 0)).toEqual(AT_ONCE);
  wrongTimes(60, "::ffff:10.0.0.9", 0, flood);
  expect(flood.wrong("10.0.0.9", 0)).toBeNull();
  expect(flood.wrong("10.0.0.8", 0)).toEqual(AT_ONCE);
  expect(flood.wrong(null, 0)).toEqual(AT_ONCE);
});

test("however many addresses come, few are remembered and few answers wait", () => {
  const flood = createFlood();
  const waits: unknown[] = [];
  for (let host = 0; host < 20_000; host++) {
    const peer = `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
    for (let guess = 0; guess < 24; guess++) waits.push(flood.wrong(peer, host));
  }
  expect(flood.size()).toBe(10_000);
  expect(waits.filter((wait) => Bun.deepEquals(wait, LATER))).toHaveLength(256);
});
