import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";

/**
 * Maltreats the lines of workers without a mount: `bun scripts/transfer-chaos.ts --cuts 1000 --seed 1`. Exits with 1 on a
 * breach.
 */
process.chdir(join(import.meta.dir, ".."));
const { values } = parseArgs({
  options: { cuts: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
});
process.env.VC_TEST_PROGRAM ??= await build(null);
const { cutTransfers } = await import("../test/chaos/transfer-chaos.ts");
const { withSite } = await import("../test/support/site.ts");

await withSite(async (site) => {
  const tell = (line: string) => void process.stderr.write(`\r${line}   `);
  const of = { cuts: Number(values.cuts), seed: Number(values.seed) };
  const { breaches, ...outcome } = await cutTransfers(site, { ...of, tell });
  console.log(JSON.stringify({ seed: of.seed, ...outcome }, null, 2));
  for (const breach of breaches) console.log(`BREACH: ${breach}`);
  console.log(breaches.length === 0 ? "no breach" : `${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
});
