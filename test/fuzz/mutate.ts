import type { Random } from "../sim/random.ts";

/** Ways to spoil what was right. */

const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "worker_id",
  "id",
  "",
  "held",
  "a".repeat(5000),
  "\u0000",
];

/** Values of every wrong kind: huge, tiny, deep, of another type, hostile texts. */
export function oddValue(random: Random): unknown {
  return random.pick([
    () => random.pick([1e308, -1e308, 2 ** 53, -(2 ** 53), 2 ** 63, 1e-300, -0, 0.5, -1, 4294967296]),
    () => random.pick([null, true, false, [], {}, [[]], { length: 1e9 }]),
    () => random.pick(ODD_TEXTS),
    () => deep(random.between(5, 200), random.chance(0.5)),
    () => Object.fromEntries(NAMES.map((name) => [name, 1])),
    () => Array(random.between(1, 2000)).fill(random.pick([0, "x", null, {}])),
    () => ({ toString: "x", valueOf: 1, toJSON: {} }),
  ])();
}

export const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "a\nb\r\nX-Injected: 1",
  "'; drop table jobs; --",
  "%",
  "_%_%",
  "../../../etc/passwd",
  "..\\..\\windows",
  "/etc/passwd",
  "\ud800",
  "\u202e\u2066\ufeff",
  "😀".repeat(300),
  "e\u0301é",
  "NaN",
  "Infinity",
  "1e999",
  "-1",
  "0x10",
  "9".repeat(400),
  "2026-02-31T00:00:00Z",
  "-99999-01-01T00:00:00Z",
  "\u001b[2J",
  "x".repeat(70_000),
];

function deep(levels: number, list: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = list ? [value] : { a: value };
  return value;
}

/** A copy with one or more places replaced, removed, renamed or added. */
export function spoil(random: Random, value: unknown): unknown {
  if (value === null || typeof value !== "object" || random.chance(0.1)) return oddValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.3)) return [...value, oddValue(random)];
    const at = random.between(0, value.length - 1);
    return value.map((one, index) => (index === at ? spoil(random, one) : one));
  }
  const entries = Object.entries(value);
  const at = random.between(0, entries.length);
  const [name, inner] = entries[at] ?? [random.pick(NAMES), oddValue(random)];
  const rest = entries.filter((_, index) => index !== at);
  const changed = random.pick([
    () => [[name, spoil(random, inner)]],
    () => [],
    () => [[random.pick(NAMES), inner]],
    () => [
      [name, inner],
      [random.pick(NAMES), oddValue(random)],
    ],
  ])() as [string, unknown][];
  // fromEntries defines __proto__ as a field of its own, as JSON.parse does.
  return Object.fromEntries([...rest, ...changed]);
}

/** A JSON text spoiled as text: cut, flipped, doubled keys, no UTF-8, absurdly deep. */
export function spoilText(random: Random, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const at = random.between(0, Math.max(0, bytes.length - 1));
  const encode = (changed: string) => new TextEncoder().encode(changed);
  return random.pick([
    () => bytes.slice(0, at),
    () => bytes.map((byte, index) => (index === at ? byte ^ (1 << random.between(0, 7)) : byte)),
    () => Uint8Array.from([...bytes.slice(0, at), 0xff, 0xc3, 0x28, ...bytes.slice(at)]),
    () => encode(text.replace("{", '{"worker_id":"other","worker_id":7,"__proto__":{"admin":true},')),
    () => encode(text.replace("{", '{"x":1e99999,"y":-0,"z":123456789012345678901234567890,')),
    () => encode(`\ufeff${text}`),
    () => encode("[".repeat(random.between(1, 200_000))),
    () => encode('{"a":'.repeat(random.between(1, 100_000))),
    () => encode(`{"held":${"[".repeat(20_000)}${"]".repeat(20_000)}}`),
    () => encode(text + text),
    () => encode(random.pick(["null", "1", '"x"', "[]", "true", "{", "\u0000", " "])),
  ])();
}
