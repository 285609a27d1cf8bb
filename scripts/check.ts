import { join } from "node:path";

/** Format, lint, types, unused code, fast tests: all of them, even when one fails. */
const CHECKS = [
  ["format and lint", "biome", "check", "--error-on-warnings"],
  ["types", "tsc", "-p", "."],
  ["unused code", "knip"],
  ["fast tests", "bun", "scripts/test.ts", "--fast"],
];

process.chdir(join(import.meta.dir, ".."));
const failed = CHECKS.filter(([name, ...command]) => {
  console.log(`== ${name}`);
  return Bun.spawnSync({ cmd: command, stdio: ["ignore", "inherit", "inherit"] }).exitCode !== 0;
}).map(([name]) => name);
console.log(failed.length === 0 ? "All checks passed." : `Failed: ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);
