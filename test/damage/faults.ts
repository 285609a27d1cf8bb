import type { Random } from "../sim/random.ts";

/** One way to damage a file: what it is, in words, and the bytes after it. */
export type Damaged = { what: string; bytes: Uint8Array };

type Fault = { kind: string; only?: RegExp; spoil(bytes: Uint8Array, random: Random): Damaged };

/** What happens to files: copies that stop, disks that lose sectors, bits that rot, reception that fails. */
export const FAULTS: Fault[] = [
  { kind: "none", spoil: (bytes) => ({ what: "nothing", bytes }) },
  { kind: "cut", spoil: cut },
  { kind: "hole", spoil: (bytes, random) => ranges(bytes, random, "removed") },
  { kind: "zeros", spoil: (bytes, random) => ranges(bytes, random, "zeroed") },
  { kind: "rubbish", spoil: (bytes, random) => ranges(bytes, random, "overwritten") },
  {
    kind: "bit in head",
    spoil: (bytes, random) => flip(bytes, random, [0, Math.min(1, 2048 / bytes.length)]),
  },
  { kind: "bit inside", spoil: (bytes, random) => flip(bytes, random, [0.05, 0.95]) },
  { kind: "bit at end", spoil: (bytes, random) => flip(bytes, random, [0.97, 1]) },
  { kind: "many bits", spoil: rot },
  { kind: "packets", only: /\.ts$/, spoil: losePackets },
];

/** Damages the bytes of a file of that name in the given way; null where that way does not apply to it. */
export function damageFile(of: {
  name: string;
  kind: string;
  bytes: Uint8Array;
  random: Random;
}): Damaged | null {
  const fault = FAULTS.find(({ kind }) => kind === of.kind);
  if (fault === undefined) throw new Error(`there is no fault ${of.kind}`);
  if (fault.only?.test(of.name) === false) return null;
  return fault.spoil(of.bytes, of.random);
}

function cut(bytes: Uint8Array, random: Random): Damaged {
  // Also just before the end, where nobody looks.
  const share = random.chance(0.3) ? 0.9 + random.next() * 0.1 : 0.05 + random.next() * 0.9;
  return { what: `cut at ${(share * 100).toFixed(1)} %`, bytes: bytes.subarray(0, bytes.length * share) };
}

const PLACES = [1, 1, 2, 5];
const LENGTHS = [16, 188, 512, 1500, 4096, 20_000];

function ranges(bytes: Uint8Array, random: Random, how: "removed" | "zeroed" | "overwritten"): Damaged {
  const places = random.pick(PLACES);
  const length = Math.min(random.pick(LENGTHS), Math.floor(bytes.length / 4));
  let damaged = bytes.slice();
  for (let n = 0; n < places; n += 1) {
    const at = random.between(0, damaged.length - length);
    if (how === "removed") damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + length)]);
    else for (let i = at; i < at + length; i += 1) damaged[i] = how === "zeroed" ? 0 : random.between(0, 255);
  }
  return { what: `${length} bytes ${how} at ${places} places`, bytes: damaged };
}

function flip(bytes: Uint8Array, random: Random, [from, to]: [number, number]): Damaged {
  const at = Math.floor((from + random.next() * (to - from)) * bytes.length);
  const damaged = bytes.slice();
  damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
  return { what: `one bit at byte ${at} of ${bytes.length}`, bytes: damaged };
}

function rot(bytes: Uint8Array, random: Random): Damaged {
  const damaged = bytes.slice();
  const flips = random.pick([3, 10, 40]);
  for (let n = 0; n < flips; n += 1) {
    const at = random.between(0, bytes.length - 1);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
  }
  return { what: `${flips} bits`, bytes: damaged };
}

const TS_PACKET = 188;

/** As bad reception does: packets of 188 bytes are gone, alone or in a row. */
function losePackets(bytes: Uint8Array, random: Random): Damaged {
  const total = Math.floor(bytes.length / TS_PACKET);
  const row = random.pick([1, 3, 20, 100]);
  const places = random.pick(PLACES);
  const lost = new Set<number>();
  for (let n = 0; n < places; n += 1) {
    const at = random.between(0, total - row);
    for (let i = at; i < at + row; i += 1) lost.add(i);
  }
  const kept = Array.from({ length: total }, (_, n) => n)
    .filter((n) => !lost.has(n))
    .map((n) => bytes.subarray(n * TS_PACKET, (n + 1) * TS_PACKET));
  return { what: `${row} packets lost at ${places} places`, bytes: Buffer.concat(kept) };
}
