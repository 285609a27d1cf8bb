import { parseArgs } from "node:util";
import { simulate } from "../test/sim/simulate.ts";

/**
 * Lives of the queue, until one breaks an invariant: `--seeds N` of them, or as many as make `--jobs N` job lives, from
 * `--seed FIRST` on. Prints what was lived through and, of a failure, the seed that repeats it. Several of these may run
 * side by side, each with seeds of its own.
 */
async function main(of: { seeds: number; jobs: number; first: number }): Promise<number> {
  const total = { seeds: 0, jobs: 0, virtual_s: 0 };
  const seen = new Map<string, number>();
  const began_ms = performance.now();
  const summary = () => {
    const sum = (fits: (what: string) => boolean) =>
      [...seen].reduce((times, [what, count]) => (fits(what) ? times + count : times), 0);
    const isFault = (what: string) => what.startsWith("fault: ");
    for (const [what, times] of [...seen].sort()) console.log(`${times} x ${what}`);
    const minutes = ((performance.now() - began_ms) / 60_000).toFixed(1);
    const hours = Math.round(total.virtual_s / 3600);
    console.log(
      `seeds ${of.first} to ${of.first + total.seeds - 1}: ${total.jobs} job lives, ${sum((what) => !isFault(what))} events, ` +
        `${sum(isFault)} faults in ${hours} hours of a farm; ${minutes} minutes`,
    );
  };
  for (let seed = of.first; total.seeds < of.seeds && total.jobs < of.jobs; seed++) {
    try {
      const life = await simulate(seed);
      total.seeds += 1;
      total.jobs += life.lives;
      total.virtual_s += life.virtual_s;
      for (const [what, times] of life.seen) seen.set(what, (seen.get(what) ?? 0) + times);
      if (total.seeds % 100 === 0) console.log(`${total.seeds} seeds, ${total.jobs} job lives`);
    } catch (error) {
      summary();
      console.error(error instanceof Error ? error.message : error);
      console.error(`seed ${seed} broke an invariant: SEED=${seed} bun test test/sim repeats it`);
      return 1;
    }
  }
  summary();
  console.log("no invariant was broken");
  return 0;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    jobs: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const many = Number.POSITIVE_INFINITY;
const { seeds, jobs, seed } = values;
const chosen = seeds ?? (jobs === undefined ? "100" : many);
process.exit(await main({ seeds: Number(chosen), jobs: Number(jobs ?? many), first: Number(seed) }));
