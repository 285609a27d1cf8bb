import { parseArgs } from "node:util";
import { simulate } from "../test/sim/simulate.ts";

/** `bun scripts/sim.ts --seeds N [--seed FIRST]`: lives of the queue, until one breaks an invariant. */
const { values } = parseArgs({
  options: { seeds: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const total = new Map<string, number>();
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const { virtual_s, moments, statuses, seen } = await simulate(seed);
  console.log(`seed ${seed}: ${virtual_s} s, ${moments} moments, ${JSON.stringify(statuses)}`);
  for (const [what, times] of seen) total.set(what, (total.get(what) ?? 0) + times);
}
for (const [what, times] of total) console.log(`${times} x ${what}`);
