import { VC } from "../test/support/processes.ts";
import { withSite } from "../test/support/site.ts";
import type { Figure } from "./bench.ts";
import { middle } from "./middle.ts";

const RUNS = 41;

/** How fast the executable starts, beside Bun itself, and how fast a master serves. */
export async function benchStart(): Promise<Figure[]> {
  const { bun, vc } = timeVersions();
  const ready_ms: number[] = [];
  for (let run = 0; run < 5; run++)
    await withSite(async (site) => {
      await Bun.write(`${site.films}/film.mkv`, "x");
      const begin = performance.now();
      await site.master();
      ready_ms.push(performance.now() - begin);
    });
  const ready = middle(ready_ms);
  return [
    {
      name: "vc --version against bun --version",
      found: `${(vc / bun).toFixed(2)} times (${vc.toFixed(0)} ms, ${bun.toFixed(0)} ms)`,
      aim: "3 times",
      met: vc <= 3 * bun,
    },
    {
      name: "master serves /healthz after its start",
      found: `${ready.toFixed(0)} ms (first run on a new database)`,
      aim: "300 ms",
      met: ready <= 300,
    },
  ];
}

/** In turns, so that whatever else the machine does meets both alike. */
function timeVersions(): { bun: number; vc: number } {
  const bun: number[] = [];
  const vc: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bun.push(timeRun([process.execPath, "--version"]));
    vc.push(timeRun([VC, "--version"]));
  }
  return { bun: middle(bun), vc: middle(vc) };
}

function timeRun(cmd: string[]): number {
  const begin = performance.now();
  Bun.spawnSync({ cmd, stdio: ["ignore", "ignore", "ignore"] });
  return performance.now() - begin;
}
