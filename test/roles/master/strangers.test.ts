import { describe, expect, test } from "bun:test";
import { type Stranger, surplus } from "../../../src/roles/master/strangers.ts";

const LIMITS = { of_one: 4, of_all: 10 };

/** `counts` connections of each address, the oldest first. */
function strangers(counts: Record<string, number>): Stranger[] {
  return Object.entries(counts).flatMap(([address, count]) =>
    Array.from({ length: count }, (_, n) => ({ fd: n, address, port: 1000 + n, since: n })),
  );
}

function endedOf(counts: Record<string, number>): Record<string, number> {
  const ended = surplus(strangers(counts), LIMITS);
  return Object.fromEntries(
    Object.keys(counts).map((address) => [address, ended.filter((one) => one.address === address).length]),
  );
}

describe("how many connections of each address are ended", () => {
  const rows: [string, Record<string, number>, Record<string, number>][] = [
    ["none", {}, {}],
    ["as many as may be", { a: 4, b: 4 }, { a: 0, b: 0 }],
    ["one address has too many", { a: 9, b: 1 }, { a: 5, b: 0 }],
    ["all together have too many", { a: 4, b: 4, c: 4 }, { a: 1, b: 1, c: 1 }],
    ["who has few keeps them", { a: 9, b: 9, c: 9, d: 1 }, { a: 6, b: 6, c: 6, d: 0 }],
    [
      "IPv6 of one network is one",
      { "2001:db8::1": 3, "2001:db8::2": 3 },
      { "2001:db8::1": 1, "2001:db8::2": 1 },
    ],
    ["IPv4 within IPv6", { "::ffff:10.0.0.1": 3, "10.0.0.1": 3 }, { "::ffff:10.0.0.1": 1, "10.0.0.1": 1 }],
  ];
  test.each(rows)("%s", (_name, counts, expected) => {
    expect(endedOf(counts)).toEqual(expected);
  });

  test("more addresses than connections keep one each", () => {
    const counts = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`10.0.0.${n}`, 2]));
    expect(surplus(strangers(counts), LIMITS)).toHaveLength(30);
  });
});

test("the oldest of an address go first", () => {
  const ended = surplus(strangers({ a: 7 }), LIMITS);
  expect(ended.map(({ since }) => since).toSorted()).toEqual([0, 1, 2]);
});
