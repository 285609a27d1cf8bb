import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { type Master, startMaster } from "../../src/roles/master/index.ts";
import { type Clock, systemClock } from "../../src/shared/clock.ts";
import { MasterConfig } from "../../src/shared/config.ts";
import { createLogger } from "../../src/shared/log.ts";
import type { Input, Reply } from "../../src/shared/protocol.ts";

type Sections = Record<string, Record<string, unknown>>;
export type Answer = { status: number; body: Record<string, unknown>; headers: Headers };

/** A master in this process on folders of its own. */
export type MasterSite = {
  folder: string;
  films: string;
  converted: string;
  logPath: string;
  /** Starts the master; a running one must have been stopped. Sections are merged into its configuration. */
  start(sections?: Sections, clock?: Clock): Promise<Master>;
  /** Writes a film whose times are an hour ago, so that it counts as settled. */
  film(rel: string, content?: string): Promise<void>;
  call(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
};

/** Runs `use` with folders of its own, and stops and removes all of it afterwards. */
export async function withMasterSite(use: (site: MasterSite) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vc-master-"));
  const started: Master[] = [];
  const films = join(folder, "films");
  const logPath = join(folder, "master.log");
  await mkdir(films);
  const call = (path: string, init?: RequestInit) => ask(`${started.at(-1)?.url}${path}`, init);
  const site: MasterSite = {
    folder,
    films,
    converted: join(folder, "converted"),
    logPath,
    async start(sections = {}, clock = systemClock) {
      const log = createLogger({ level: "debug", format: "text", output_path: logPath });
      const master = await startMaster(configOf(folder, sections), { log, clock });
      started.push(master);
      return master;
    },
    async film(rel, content = `the film ${rel}`) {
      const path = join(films, rel);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      const hourAgo = Date.now() / 1000 - 3600;
      await utimes(path, hourAgo, hourAgo);
    },
    call,
    post: (path, body) => call(path, { method: "POST", body: JSON.stringify(body) }),
  };
  try {
    await use(site);
  } finally {
    for (const master of started) await master.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The configuration of a test's master: a free port of this machine, nothing to wait for. */
export function configOf(folder: string, sections: Sections): MasterConfig {
  return v.parse(MasterConfig, {
    ...sections,
    server: { host: "127.0.0.1", port: 0, ...sections.server },
    scanner: {
      root_path: join(folder, "films"),
      output_base: join(folder, "converted"),
      settle: "0",
      scan_interval: "0",
      ...sections.scanner,
    },
    database: { path: join(folder, "state", "jobs.db"), ...sections.database },
  });
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const body = text.startsWith("{") ? JSON.parse(text) : { text };
  return { status: response.status, body, headers: response.headers };
}

/** A worker's claim and hand-in, as the wire has them. */
export async function claimJob(
  master: Master,
  worker_id: string,
): Promise<{ id: string; attempt: number; staging: string; source_rel: string }> {
  const session = `session-of-${worker_id}`;
  const url = (path: string) => `${master.url}/api/worker/${path}`;
  const register: Input<"register"> = { worker_id, session, hostname: "test", version: "1", concurrency: 8 };
  await ask(url("register"), { method: "POST", body: JSON.stringify(register) });
  const claim_id = crypto.randomUUID();
  const claimed = await ask(
    url(`next-job?protocol=2&worker_id=${worker_id}&session=${session}&claim_id=${claim_id}`),
  );
  const reply = claimed.body as Exclude<Reply<"next_job">, null>;
  const job = "jobs" in reply ? reply.jobs[0] : undefined;
  if (job === undefined) throw new Error(`no job was claimed: ${JSON.stringify(claimed)}`);
  return job;
}
