import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";

/** Maltreats a farm of the compiled executable: `bun scripts/chaos.ts --kills 200 --seed 1`. Exits with 1 on a breach. */
process.chdir(join(import.meta.dir, ".."));
const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
process.env.VC_TEST_PROGRAM ??= await build(null);
const { wreakHavoc } = await import("../test/chaos/chaos.ts");
const { withSite } = await import("../test/support/site.ts");

await withSite(async (site) => {
  const tell = (line: string) => process.stdout.isTTY && process.stdout.write(`\r${line}   `);
  const of = { kills: Number(values.kills), seed: Number(values.seed) };
  const { breaches, ...outcome } = await wreakHavoc(site, { ...of, tell });
  console.log(JSON.stringify({ seed: of.seed, ...outcome }, null, 2));
  for (const breach of breaches) console.log(`BREACH: ${breach}`);
  console.log(breaches.length === 0 ? "no breach" : `${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
});
