import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thisMachine } from "../ffmpeg/machine.ts";
import { unlessFull } from "../support/test-or.ts";
import { FAULTS } from "./faults.ts";
import { type Bench, makeBench, tryDamage } from "./trials.ts";

/** A fixed sample of what `bun scripts/damage.ts` tries by the hundred: each kind of damage on films of different kinds. */
const SAMPLE = ["open-gop.mkv", "faststart.mp4", "h264.ts", "mpeg4.avi", "vp8.webm"];
const SEED = 7;
const LIMIT_MS = 120_000;
let bench: Bench;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-damage-"));
  bench = await makeBench(folder, SAMPLE);
  await thisMachine();
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Three of them in turn, where damage can be on all; all among the long trials. */
function filmsWith(kind: string): string[] {
  const n = FAULTS.findIndex((fault) => fault.kind === kind);
  const all = unlessFull === null || kind === "none" || FAULTS[n]?.only !== undefined;
  return SAMPLE.filter((_, k) => all || (k + n) % SAMPLE.length < 3);
}

test.each(FAULTS.map(({ kind }) => kind))(
  "no film with this damage is published as good: %s",
  async (kind) => {
    const capabilities = await thisMachine();
    const tried = filmsWith(kind).map((name) => tryDamage({ bench, name, kind, seed: SEED, capabilities }));
    const trials = (await Promise.all(tried)).filter((trial) => trial !== null);
    expect(trials.length).toBeGreaterThan(0);
    const wrong = trials.filter(({ verdict }) => verdict === "bad" || verdict === "wrongly refused");
    expect(wrong).toEqual([]);
    if (kind === "none") expect(trials.map(({ verdict }) => verdict)).toEqual(SAMPLE.map(() => "good"));
    if (kind === "cut")
      expect(trials.filter(({ verdict }) => verdict === "refused").length).toBeGreaterThan(1);
  },
  LIMIT_MS,
);
