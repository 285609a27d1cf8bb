import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { openDatabase } from "../../src/db/database.ts";
import { ERRORS } from "../../src/shared/errors.ts";
import { ErrorBody, protocol } from "../../src/shared/protocol.ts";
import { checkTables } from "../sim/invariants.ts";
import { createRandom, type Random } from "../sim/random.ts";
import type { World } from "../sim/world.ts";
import type { Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { type FuzzRequest, makeRequest } from "./requests.ts";
import { type Outcome, send } from "./send.ts";

export type FuzzResult = {
  requests: number;
  statuses: Record<string, number>;
  /** Of the master: after a tenth of the requests, and at the end. */
  rss_mb: [number, number];
  jobs: Record<string, number>;
  breaches: string[];
};

const FILMS = 300;
const TOKEN = "token-of-the-fuzz";
const AT_ONCE = 12;

/** Sends many requests, right, nearly right and absurd, to a master, and looks whether it stays sane. */
export async function fuzz(
  site: Site,
  of: { requests: number; seed: number; tell?: (line: string) => void },
): Promise<FuzzResult> {
  const random = createRandom(of.seed);
  await makeLibrary(site);
  const master = await site.master({ server: { token: TOKEN }, queue: { retry_delay: "100ms" } });
  await until("the films are queued", async () => (await ask(site, "/api/status")).total === FILMS);
  const { token: own } = await ask(site, "/api/tokens", { name: "w1" });
  const tokens = [TOKEN, null, String(own), "wrong"];
  const memory = createMemory(random);
  const breaches: string[] = [];
  const statuses = new Map<string, number>();
  let sent = 0;
  let early_mb = 0;
  const work = async () => {
    while (sent < of.requests && breaches.length < 20) {
      sent += 1;
      if (sent === Math.ceil(of.requests / 10)) early_mb = rssOf(master.pid);
      if (sent % 1000 === 0) of.tell?.(`${sent} requests, ${rssOf(master.pid)} MB`);
      const { known, job, worker_id } = memory.scene();
      const request = makeRequest(random, known, tokens);
      if (request.endpoint === "job_complete" && random.chance(0.8)) await stage(site, job);
      const outcome = await send(site.port, request, random.chance(0.02) ? 30 : 1500);
      const kind = String(outcome.status ?? "no answer");
      statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
      memory.learn(outcome, worker_id);
      const wrong = judge(request, outcome);
      if (wrong !== null) breaches.push(`${wrong}: ${describe(request)} -> ${outcome.text.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const late_mb = rssOf(master.pid);
  const jobs = await lookBack(site, breaches);
  if (master.log().includes("failed inside the master")) breaches.push("the log tells of a failure inside");
  if (!master.alive()) breaches.push("the master is gone");
  master.kill("SIGTERM");
  if ((await master.ended) !== 0) breaches.push("the master did not end in good order");
  await checkDatabase(site, breaches);
  return {
    requests: sent,
    statuses: Object.fromEntries([...statuses].sort()),
    rss_mb: [early_mb, late_mb],
    jobs,
    breaches,
  };
}

async function makeLibrary({ films }: Site): Promise<void> {
  const hourAgo = Date.now() / 1000 - 3600;
  await mkdir(join(films, "a"));
  for (let number = 0; number < FILMS; number++) {
    const path = join(films, number % 2 ? "a" : ".", `film ${number}.mkv`);
    await writeFile(path, `film ${number}`);
    await utimes(path, hourAgo, hourAgo);
  }
}

async function ask(site: Site, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${site.url}${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

type Known = { id: string; attempt: number; staging: string; worker_id: string };

/** What answers have told: real jobs, attempts and workers, so that calls go beyond the first check. */
function createMemory(random: Random) {
  const jobs: Known[] = [{ id: "x", attempt: 1, staging: "x.1.partial.mp4", worker_id: "w1" }];
  let calls = 0;
  return {
    /** Values for the fields of one call that fit together, mostly. */
    scene() {
      calls += 1;
      const job = random.pick(jobs);
      const worker_id = random.chance(0.9) ? job.worker_id : random.pick(["w1", "w2", "w 3", "ä"]);
      const values: Record<string, unknown> = {
        worker_id,
        session: `${worker_id} ${Math.floor(calls / 1000)}`,
        claim_id: `claim-${random.between(1, 100_000)}`,
        id: random.pick([job.id, job.id, worker_id]),
        job_id: job.id,
        attempt: random.chance(0.9) ? job.attempt : random.between(0, 3),
        staging: job.staging,
        timestamp: "2026-11-22T09:00:00Z",
        size: 9,
        output_size: 9,
        extension: "mp4",
        name: `worker-${random.between(1, 50)}`,
        wait_ms: random.between(0, 50),
        limit: random.between(1, 50),
        protocol: 2,
      };
      return {
        known: (field: string) => (Object.hasOwn(values, field) ? values[field] : undefined),
        job,
        worker_id,
      };
    },
    learn({ status, text }: Outcome, worker_id: string) {
      if (status !== 200 || !text.includes('"staging"')) return;
      const claimed = v.safeParse(Claimed, JSON.parse(text));
      if (claimed.success) jobs.push(...claimed.output.jobs.map((job) => ({ ...job, worker_id })));
      jobs.splice(1, Math.max(0, jobs.length - 20));
    },
  };
}

const Claimed = v.object({
  jobs: v.array(v.object({ id: v.string(), attempt: v.number(), staging: v.string() })),
});

/** Puts a film where an attempt would, so that handing it in can succeed. */
async function stage({ converted }: Site, { staging }: Known): Promise<void> {
  await writeFile(join(converted, ".vc", staging), "converted").catch(() => undefined);
}

/** What is wrong with an answer, or null. */
function judge(request: FuzzRequest, { status, text, type }: Outcome): string | null {
  // It hung up itself, or asked for something that Bun's parser breaks off.
  if (status === null) return null;
  if (/\.ts:\d|node_modules|\n\s+at /.test(text)) return "shows its insides";
  if (
    status >= 500 &&
    !(status === 503 && (request.target.startsWith("/readyz") || /"error":"storage"/.test(text))) &&
    !(status === 507 && request.endpoint === "upload")
  ) {
    return `status ${status}`;
  }
  if (type !== "application/json" || text === "" || request.method === "HEAD") return null;
  const body: unknown = JSON.parse(text.replace(/^[0-9a-f]+\r\n/, "").replace(/\r\n0\r\n\r\n$/, ""));
  if (status >= 400) {
    const refusal = v.safeParse(ErrorBody, body);
    if (!refusal.success) return "a refusal of another form";
    if (ERRORS[refusal.output.error].status !== status) return "a code with another's status";
    return refusal.output.message.length > 2000 ? "an endless message" : null;
  }
  if (request.endpoint === null) return null;
  return v.is(protocol[request.endpoint].reply as v.GenericSchema, body)
    ? null
    : "a reply against the contract";
}

function describe({ method, target, headers, body }: FuzzRequest): string {
  return `${method} ${target.slice(0, 300)} ${JSON.stringify(headers).slice(0, 200)} ${Buffer.from(body ?? [])
    .toString()
    .slice(0, 600)}`;
}

/** The counts on the screen against the list of jobs, and sources against what they were. */
async function lookBack(site: Site, breaches: string[]): Promise<Record<string, number>> {
  const status = await ask(site, "/api/status");
  const { jobs } = (await ask(site, "/api/jobs?limit=1000")) as { jobs: { status: string }[] };
  const counted: Record<string, number> = {};
  for (const job of jobs) counted[job.status] = (counted[job.status] ?? 0) + 1;
  if (jobs.length !== FILMS || status.total !== FILMS)
    breaches.push(`${jobs.length} jobs, total ${status.total}`);
  for (const [name, count] of Object.entries(counted)) {
    if (status[name] !== count) breaches.push(`${status[name]} ${name} are counted, ${count} are`);
  }
  const names = (await readdir(site.films, { recursive: true })).filter((name) => name.endsWith(".mkv"));
  for (const name of names) {
    const text = await readFile(join(site.films, name), "utf8");
    if (text !== name.replace(/^a\//, "").replace(".mkv", ""))
      breaches.push(`the source ${name} was changed`);
  }
  if (names.length !== FILMS) breaches.push(`${names.length} sources are left`);
  return counted;
}

async function checkDatabase(site: Site, breaches: string[]): Promise<void> {
  const database = openDatabase({ path: join(site.folder, "jobs.db") });
  const world = { fail: (why: string) => void breaches.push(why) } as unknown as World;
  const observed = { database, isUp: () => false, hasUpkept: () => false, leases: () => [] };
  checkTables(world, observed, { films: FILMS, cancelled: new Set() });
  const verdict = database.sqlite.query<{ integrity_check: string }, []>("pragma integrity_check").get();
  if (verdict?.integrity_check !== "ok") breaches.push("the database is damaged");
  database.close();
}

function rssOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kb) / 1024);
}
