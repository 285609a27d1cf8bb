import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { type Program, startProgram } from "./program.ts";
import { type Server, startPostgres, startRedis } from "./servers.ts";

export type Rival = { name: "BullMQ" | "graphile-worker"; program: Program; stop(): Promise<void> };

const { XDG_CACHE_HOME = "" } = process.env;
const CACHE = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), ".cache");

/** The other queues, each on its own server below `folder`. What is missing is said loudly, and left out. */
export async function startRivals(folder: string): Promise<Rival[]> {
  const place = installPackages();
  if (place === null) return [];
  const redis = await startRedis(join(folder, "redis"));
  const postgres = await startPostgres(join(folder, "postgres"));
  if (redis === null) missing("BullMQ", "redis-server (Debian: apt-get install redis-server)");
  if (postgres === null) missing("graphile-worker", "PostgreSQL (Debian: apt-get install postgresql)");
  return [
    ...(redis === null ? [] : [rival("BullMQ", redis, [join(place, "bullmq.mjs"), redis.address])]),
    ...(postgres === null
      ? []
      : [rival("graphile-worker", postgres, [join(place, "graphile.mjs"), postgres.address])]),
  ];
}

/** On the same runtime as vc, on which both were also the faster. */
function rival(name: Rival["name"], server: Server, args: string[]): Rival {
  const program = startProgram([process.execPath, ...args], CACHE);
  const stop = async () => {
    await program.stop();
    await server.stop();
  };
  return { name, program, stop };
}

/** Outside of the clone, so that the project itself depends on none of them. Null where npm cannot install them. */
function installPackages(): string | null {
  const source = join(import.meta.dir, "rivals");
  const place = join(
    CACHE,
    "vc-bench",
    `rivals-${Bun.hash(readFileSync(join(source, "package.json"))).toString(36)}`,
  );
  mkdirSync(place, { recursive: true });
  cpSync(source, place, { recursive: true });
  if (existsSync(join(place, "node_modules", ".package-lock.json"))) return place;
  console.error(`Installing BullMQ and graphile-worker for the bench into ${place}...`);
  const install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const cmd = Bun.which("npm") === null ? [process.execPath, "install"] : install;
  if (Bun.spawnSync({ cmd, cwd: place, stdio: ["ignore", "ignore", "inherit"] }).success) return place;
  missing("BullMQ and graphile-worker", "a package registry that npm can reach");
  return null;
}

function missing(what: string, needed: string): void {
  console.error(`LEFT OUT  ${what}: the comparison needs ${needed}.`);
}
