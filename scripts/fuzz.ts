import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";

/** Sends random and nearly right requests to a master: `bun scripts/fuzz.ts --requests 100000 --seed 1`. Exits with 1 on a breach. */
process.chdir(join(import.meta.dir, ".."));
const { values } = parseArgs({
  options: { requests: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
process.env.VC_TEST_PROGRAM ??= await build(null);
const { fuzz } = await import("../test/fuzz/fuzz.ts");
const { withSite } = await import("../test/support/site.ts");

await withSite(async (site) => {
  const tell = (line: string) => process.stdout.isTTY && process.stdout.write(`\r${line}   `);
  const of = { requests: Number(values.requests), seed: Number(values.seed) };
  const { breaches, ...outcome } = await fuzz(site, { ...of, tell });
  console.log(JSON.stringify({ seed: of.seed, ...outcome }, null, 2));
  for (const breach of breaches) console.log(`BREACH: ${breach}`);
  console.log(breaches.length === 0 ? "no breach" : `${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
});
