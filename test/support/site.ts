import { chmodSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recallTrials } from "./known-trials.ts";
import { type Ended, processesWith, type Running, run, start, VC } from "./processes.ts";
import { until } from "./until.ts";

type Settings = Record<string, Record<string, unknown>>;
/** `body` as it came; the tests say what they expect in it. */
export type Reply = { status: number; body: Record<string, unknown> | null };

/** A storage server with its library, and the machines around it, all in one temporary folder. */
export type Site = {
  folder: string;
  films: string;
  converted: string;
  url: string;
  port: number;
  /** Starts a master and waits until it serves (or ends at once). `settings` are merged into its configuration. */
  master(settings?: Settings, env?: Record<string, string>): Promise<Running>;
  /** Starts a worker; `prefix` is put before its command line, `program` stands for dist/vc. */
  worker(
    id: string,
    how?: { settings?: Settings; prefix?: string[]; program?: string; env?: Record<string, string> },
  ): Promise<Running>;
  /** Starts `vc ARGS` with further environment variables. */
  launch(name: string, args: string[], env?: Record<string, string>): Running;
  /** Runs `vc ARGS` to its end, asking this site's master. */
  vc(...args: string[]): Promise<Ended>;
  get(path: string): Promise<Reply>;
  post(path: string, body?: unknown): Promise<Reply>;
  /** Waits until no film is pending or in work, and returns the jobs by their source's name. */
  settled(films: number): Promise<Map<string, FoundJob>>;
  jobs(): Promise<FoundJob[]>;
};

/** What the tests look at of a job, as it comes over the wire. */
export type FoundJob = {
  id: string;
  status: string;
  reason: string | null;
  error_message: string | null;
  worker_id: string | null;
  attempt: number;
  retry_count: number;
  lost_count: number;
  source_rel: string;
  output_rel: string;
  output_size: number | null;
  progress: { stage: string; percent: number } | null;
};

/** Runs `use` with a fresh site. Afterwards nothing of it is left; when it failed, all logs are printed. */
export async function withSite(use: (site: Site) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vc-site-"));
  chmodSync(folder, 0o755);
  const running: Running[] = [];
  try {
    await use(await createSite(folder, running));
  } catch (error) {
    for (const { name, log } of running) console.error(`--- log of ${name}\n${log()}`);
    throw error;
  } finally {
    for (const { kill } of running) kill("SIGKILL");
    for (const { pid } of await processesWith(folder)) killHard(pid);
    await Promise.all(running.map(({ ended }) => ended));
    await rm(folder, { recursive: true, force: true });
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

async function createSite(folder: string, running: Running[]): Promise<Site> {
  const films = join(folder, "films");
  const converted = join(folder, "converted");
  const home = join(folder, "home");
  for (const path of [films, converted, home]) await mkdir(path);
  await recallTrials(join(home, ".cache", "vc"));
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = environment(folder);
  const launch = (name: string, cmd: string[], more: Record<string, string> = {}) => {
    const log_path = join(folder, `${name}.${running.length}.log`);
    const found = start({ name, cmd, cwd: folder, env: { ...env, ...more }, log_path });
    running.push(found);
    return found;
  };
  const call = (method: string) => (path: string, body?: unknown) => ask(`${url}${path}`, method, body);
  const jobs = async () => ((await call("GET")("/api/jobs?limit=1000")).body as { jobs: FoundJob[] }).jobs;

  return {
    folder,
    films,
    converted,
    url,
    port,
    async master(settings = {}, more = {}) {
      const path = await writeConfig(folder, "master", masterSettings({ folder, port }), settings);
      const master = launch("master", [VC, "master", "--config", path], more);
      await until(
        "the master serves or ends",
        async () => !master.alive() || (await fetch(`${url}/healthz`)).ok,
      );
      return master;
    },
    async worker(id, { settings = {}, prefix = [], program = VC, env: more = {} } = {}) {
      const path = await writeConfig(folder, id, workerSettings({ folder, url, id }), settings);
      await recallTrials(join(folder, `cache-${id}`));
      return launch(id, [...prefix, program, "worker", "--config", path], more);
    },
    launch: (name, args, more) => launch(name, [VC, ...args], more),
    vc: (...args) => run({ cmd: [VC, ...args], cwd: folder, env: { ...env, VC_MASTER_URL: url } }),
    get: call("GET"),
    post: call("POST"),
    jobs,
    async settled(count) {
      const found = await until(
        `all ${count} films have ended`,
        async () => {
          const crashed = running.find((each) => each.crashed());
          if (crashed !== undefined) return crashed.name;
          const all = await jobs();
          const open = all.some(({ status }) => ["pending", "processing", "publishing"].includes(status));
          return all.length === count && !open && new Map(all.map((job) => [job.source_rel, job]));
        },
        { deadline_ms: 300_000, every_ms: 250 },
      );
      if (typeof found === "string") throw new Error(`${found} has ended by itself`);
      return found;
    },
  };
}

/**
 * A TCP port of this machine on which nothing listens. It lies below those that systems give out by themselves, of which
 * some connection or server might take it while no master listens there.
 */
export function freePort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    try {
      Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() }).stop(true);
      return port;
    } catch {
      // Somebody listens there.
    }
  }
}

/** A home of its own, and none of the person's VC_... settings. */
function environment(folder: string): Record<string, string> {
  const { PATH = "", SystemRoot } = process.env;
  const home = join(folder, "home");
  return { PATH, HOME: home, USERPROFILE: home, NO_COLOR: "1", ...(SystemRoot ? { SystemRoot } : {}) };
}

/**
 * Quick: films are taken at once, the fastest preset. Leases outlast any stall of a busy machine: a test that waits for
 * the end of one sets it.
 */
function masterSettings({ folder, port }: { folder: string; port: number }): Settings {
  return {
    server: { host: "127.0.0.1", port },
    scanner: {
      root_path: join(folder, "films"),
      output_base: join(folder, "converted"),
      settle: "0",
      scan_interval: "1s",
    },
    database: { path: join(folder, "jobs.db") },
    conversion: { preset: "ultrafast", container: "mp4" },
    queue: { lease: "2m", retry_delay: "1s" },
    logging: { level: "info" },
  };
}

function workerSettings({ folder, url, id }: { folder: string; url: string; id: string }): Settings {
  return {
    worker: {
      ...{ id, master_url: url, concurrency: 1, drain_timeout: "2m" },
      ...{ heartbeat_interval: "2s", job_check_interval: "500ms" },
    },
    storage: { cache_path: join(folder, `cache-${id}`) },
    logging: { level: "info" },
  };
}

async function writeConfig(folder: string, name: string, base: Settings, more: Settings): Promise<string> {
  const merged: Settings = { ...base };
  for (const [section, values] of Object.entries(more)) merged[section] = { ...merged[section], ...values };
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, Bun.YAML.stringify(merged, null, 2));
  return path;
}

async function ask(url: string, method: string, body: unknown): Promise<Reply> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    signal: AbortSignal.timeout(180_000),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}
