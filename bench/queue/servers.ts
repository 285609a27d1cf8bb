import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../test/support/site.ts";
import { until } from "../../test/support/until.ts";

/** A database server of our own, on a free port, that makes each answer durable first. */
export type Server = { address: string; stop(): Promise<void> };

/** Redis that has each command on the disk (fsync) before it answers. Null where there is no redis-server. */
export async function startRedis(folder: string): Promise<Server | null> {
  const program = Bun.which("redis-server");
  if (program === null) return null;
  const port = freePort();
  await mkdir(folder);
  // Its log is never rewritten: that would be work beside.
  const durable = "--appendonly yes --appendfsync always --save  --auto-aof-rewrite-percentage 0".split(" ");
  const cmd = [program, "--bind", "127.0.0.1", "--port", `${port}`, "--dir", folder, ...durable];
  const child = Bun.spawn({ cmd, stdio: ["ignore", "ignore", "inherit"] });
  await until("Redis listens", () => listens(port));
  return { address: `${port}`, stop: () => end(child, "SIGTERM") };
}

/** PostgreSQL with its own defaults, fsync and synchronous_commit among them. Null where there is no PostgreSQL. */
export async function startPostgres(folder: string): Promise<Server | null> {
  const programs = postgresPrograms();
  if (programs === null) return null;
  const port = freePort();
  await mkdir(folder);
  const as = await asNobody(folder);
  const data = join(folder, "data");
  const init = [join(programs, "initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"];
  const made = Bun.spawnSync({ cmd: [...as, ...init], cwd: folder });
  if (!made.success) throw new Error(`initdb failed: ${made.stderr}`);
  const settings = `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = ''\nfsync = on\nsynchronous_commit = on\n`;
  await writeFile(join(data, "postgresql.auto.conf"), settings);
  const cmd = [...as, join(programs, "postgres"), "-D", data];
  const child = Bun.spawn({ cmd, cwd: folder, stdio: ["ignore", "ignore", "ignore"] });
  await until("PostgreSQL listens", () => listens(port));
  return { address: `postgres://bench@127.0.0.1:${port}/postgres`, stop: () => end(child, "SIGINT") };
}

/** Debian keeps them outside of PATH. */
function postgresPrograms(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const debian = versions
    .map((version) => join(root, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
  return debian ?? Bun.which("initdb")?.replace(/\/initdb$/, "") ?? null;
}

/** PostgreSQL refuses to run as root: the words to put before its command, once the folder belongs to somebody else. */
async function asNobody(folder: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const id = 65534;
  await chown(folder, id, id);
  return ["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups"];
}

async function listens(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

async function end(child: Bun.Subprocess, signal: "SIGTERM" | "SIGINT"): Promise<void> {
  child.kill(signal);
  await child.exited;
}
