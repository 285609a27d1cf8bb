import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tryTarget } from "../test/fidelity/convert.ts";
import { everyCase, nameOf, sampleCases } from "../test/fidelity/targets.ts";
import { FIXTURES } from "../test/fixtures/corpus/corpus.ts";
import { makeFixture } from "../test/fixtures/corpus/make.ts";

/**
 * `bun scripts/fidelity.ts [--film PART,PART] [--target PART] [--sample] [--ffmpeg PATH]`: makes films of the corpus, converts
 * them by dist/vc, and prints what did not come through as it must. Exits with 0 only if everything did.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      film: { type: "string", default: "" },
      target: { type: "string", default: "" },
      sample: { type: "boolean", default: false },
      ffmpeg: { type: "string" },
    },
  });
  const fixtures = FIXTURES.filter(({ name }) => values.film.split(",").some((part) => name.includes(part)));
  const all = values.sample ? sampleCases(fixtures) : everyCase(fixtures);
  const chosen = all.filter(({ target }) => nameOf(target).includes(values.target));
  const work = await mkdtemp(join(tmpdir(), "vc-fidelity-"));
  try {
    const films = join(work, "films");
    await mkdir(films);
    for (const fixture of fixtures) await makeFixture({ fixture, folder: films });
    let wrong = 0;
    for (const name of new Set(chosen.map(({ target }) => nameOf(target)))) {
      const here = chosen.filter(({ target }) => nameOf(target) === name);
      const [first] = here;
      if (first === undefined) continue;
      const of = {
        fixtures: here.map(({ fixture }) => fixture),
        target: first.target,
        films,
        work,
        home: work,
      };
      const faults = await tryTarget({ ...of, ffmpeg: values.ffmpeg ?? null });
      for (const { film, property, wrong: how } of faults)
        console.log(`${film} to ${name}: ${property ?? ""} ${how}`);
      console.log(`${name}: ${here.length} films, ${faults.length} faults`);
      wrong += faults.length;
    }
    return wrong === 0 ? 0 : 1;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

process.exit(await main());
