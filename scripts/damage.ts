import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findFfmpeg } from "../src/ffmpeg/find.ts";
import { tryMachine } from "../src/ffmpeg/trial.ts";
import { toCapabilities } from "../src/ffmpeg/trial-capabilities.ts";
import { FAULTS } from "../test/damage/faults.ts";
import { RECIPES } from "../test/damage/films.ts";
import { makeBench, type Trial, tryDamage, VERDICTS } from "../test/damage/trials.ts";

/**
 * `bun scripts/damage.ts [--rounds N] [--seed FIRST] [--film NAME] [--fault KIND] [--json FILE]`: damages films of
 * every container and codec in every way, N times each, and prints what was published that must not have been.
 * Exits with 0 only if nothing was, and no whole film was refused.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      film: { type: "string" },
      fault: { type: "string" },
      json: { type: "string" },
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "vc-damage-"));
  try {
    const ffmpeg = await findFfmpeg({ path: process.env.VC_TEST_FFMPEG ?? null, ffprobe_path: null });
    const capabilities = toCapabilities({ ffmpeg, devices: [], tried: await tryMachine({ ffmpeg }) });
    const names = RECIPES.map(({ name }) => name).filter((name) => name === (values.film ?? name));
    const kinds = FAULTS.map(({ kind }) => kind).filter((kind) => kind === (values.fault ?? kind));
    const bench = await makeBench(folder, names);
    const first = Number(values.seed);
    const queue = kinds.flatMap((kind) =>
      names.flatMap((name) => {
        const rounds = kind === "none" ? 1 : Number(values.rounds);
        return Array.from({ length: rounds }, (_, n) => ({ name, kind, seed: first + n }));
      }),
    );
    const trials: Trial[] = [];
    const work = async () => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        const trial = await tryDamage({ ...one, bench, capabilities });
        if (trial === null) continue;
        trials.push(trial);
        if (trials.length % 50 === 0) console.log(`${trials.length} tried`);
        if (isWrong(trial)) console.log(describe(trial));
      }
    };
    await Promise.all([work(), work()]);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(trials, null, 1));
    printTable(kinds, trials);
    return trials.some(isWrong) ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isWrong({ verdict }: Trial): boolean {
  return verdict === "bad" || verdict === "wrongly refused";
}

function describe({ verdict, film, kind, seed, what, answer, notes, difference }: Trial): string {
  const shown = difference === null ? "" : ` ${JSON.stringify(difference)}`;
  return `${verdict.toUpperCase()} ${film} "${kind}" seed ${seed} (${what}): ${answer}${shown} ${notes.join(" | ")}`;
}

function printTable(kinds: string[], trials: Trial[]): void {
  console.log(["fault".padEnd(12), ...VERDICTS].join("  "));
  for (const kind of [...kinds, "all"]) {
    const these = trials.filter((trial) => kind === "all" || trial.kind === kind);
    const counts = VERDICTS.map((verdict) =>
      String(these.filter((trial) => trial.verdict === verdict).length).padStart(verdict.length),
    );
    console.log([kind.padEnd(12), ...counts].join("  "));
  }
}

process.exit(await main());
