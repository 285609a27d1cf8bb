import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fault, tryTarget } from "../fidelity/convert.ts";
import { fidelityDocs } from "../fidelity/docs.ts";
import { versionOf } from "../fidelity/look.ts";
import { everyCase, nameOf, sampleCases, type Target } from "../fidelity/targets.ts";
import { FIXTURES } from "../fixtures/corpus/corpus.ts";
import type { Fixture } from "../fixtures/corpus/fixture.ts";
import { makeFixture } from "../fixtures/corpus/make.ts";
import { recallTrials } from "../support/known-trials.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { ROOT } from "../support/sources.ts";
import { testOr, unlessFull } from "../support/test-or.ts";

const full = unlessFull === null;
const MAKE_MS = 600_000;
const LIMIT_MS = 1_200_000;
let folder = "";
let films = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-fidelity-"));
  await chmod(folder, 0o755);
  films = join(folder, "films");
  await mkdir(films);
  await recallTrials(join(folder, ".cache", "vc"));
  for (const fixture of FIXTURES)
    if (full || fixture.long !== true) await makeFixture({ fixture, folder: films });
}, MAKE_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

type Group = { target: Target; fixtures: Fixture[] };

/** What goes to one target goes there in one run of vc. */
function grouped(cases: ReturnType<typeof everyCase>): Group[] {
  const groups = new Map<string, Group>();
  for (const { fixture, target } of cases) {
    const group = groups.get(nameOf(target)) ?? { target, fixtures: [] };
    group.fixtures.push(fixture);
    groups.set(nameOf(target), group);
  }
  return [...groups.values()];
}

const found: Fault[] = [];
let conversions = 0;

function tryAll(name: string, skipped: string | null, of: { groups: Group[]; ffmpeg: string | null }): void {
  if (skipped !== null) {
    testOr(skipped, name, () => undefined);
    return;
  }
  describe(name, () => {
    for (const { target, fixtures } of of.groups) {
      test(
        `${fixtures.length} films to ${nameOf(target)}`,
        async () => {
          const work = await mkdtemp(join(folder, "work-"));
          const faults = await tryTarget({ fixtures, target, films, work, home: folder, ffmpeg: of.ffmpeg });
          conversions += fixtures.length;
          found.push(...faults);
          await rm(work, { recursive: true });
          expect(faults).toEqual([]);
        },
        LIMIT_MS,
      );
    }
  });
}

const sample = grouped(sampleCases(FIXTURES));
const every = grouped(everyCase(FIXTURES));
tryAll("every film comes through", null, { groups: full ? every : sample, ffmpeg: null });
tryAll("and by a newer ffmpeg", noNewer ?? unlessFull, { groups: every, ffmpeg: newer?.ffmpeg ?? null });

// Last, as it tells what the others found.
testOr(unlessFull, "the table of what came through is written", async () => {
  expect(conversions).toBeGreaterThan(700);
  const versions = [await versionOf("ffmpeg"), ...(newer === null ? [] : [await versionOf(newer.ffmpeg)])];
  const measured = [
    `${new Date().toISOString().slice(0, 10)}: ${conversions} conversions of ${FIXTURES.length} films, by ffmpeg ${versions.join(" and ")}`,
    `${found.length} not as they must be`,
  ];
  await Bun.write(join(ROOT, "docs/fidelity.md"), fidelityDocs({ faults: found, measured }));
});
