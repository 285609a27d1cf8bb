import { join } from "node:path";
import { build } from "../build.ts";
import { benchConversion } from "./conversion.ts";
import { benchQueue } from "./queue.ts";
import { benchScan } from "./scan.ts";
import { benchStart } from "./start.ts";
import { benchTakeover } from "./takeover.ts";
import { benchTransfer } from "./transfer.ts";

export type Figure = { name: string; found: string; aim: string; met: boolean };

/** Ratios measured in one run, beside what they should be. Nothing depends on them: machines differ. */
async function main(wanted: string[]): Promise<void> {
  process.chdir(join(import.meta.dir, ".."));
  await build(null);
  const benches = {
    start: benchStart,
    scan: benchScan,
    conversion: benchConversion,
    queue: benchQueue,
    takeover: benchTakeover,
    transfer: benchTransfer,
  };
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const figure of await bench())
      console.log(
        `${figure.met ? "met   " : "MISSED"}  ${figure.name}: ${figure.found} (aim: ${figure.aim})`,
      );
  }
}

await main(process.argv.slice(2));
