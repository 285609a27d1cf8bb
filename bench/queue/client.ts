import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Reply } from "../../src/shared/protocol.ts";

/**
 * Workers that convert nothing, in one process: `bun client.ts URL TOKEN-FILE`. For each line of standard input, a
 * Round, one line with what it measured, in milliseconds. They speak the public API, each with a session of its own.
 */
export type Round =
  /** Queued jobs, each claimed and failed for good; `batch` at a claim, reported in one call if `together`. */
  | { kind: "fail"; jobs: number; in_flight: number; batch: number; together: boolean }
  /** Queued jobs, claimed before, each handed in with a small file until it is published. */
  | { kind: "publish"; jobs: number; in_flight: number }
  /** With `in_flight` waiting workers: a job is queued, which one of them gets, and the next. */
  | { kind: "arrive"; jobs: number; in_flight: number };
export type Measured = { ms: number; samples: number[] };

type Order = { id: string; attempt: number; staging: string };
type Worker = { worker_id: string; session: string; staging_path: string };

const [url = "", token_path = ""] = process.argv.slice(2);
const token = (await Bun.file(token_path).text()).trim();
const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
const workers: Worker[] = [];
const HELD_AT_ONCE = 64;
const FAILURE = {
  error_message: "the source is damaged",
  outcome: "permanent",
  reason: "source_damaged",
} as const;
const CONTENT = Buffer.alloc(4096, "film ");

const rounds = { fail, publish, arrive };
for await (const line of createInterface({ input: process.stdin })) {
  const round = JSON.parse(line) as Round & { batch: number; together: boolean };
  while (workers.length < round.in_flight) workers.push(await register(`bench-${workers.length}`));
  console.log(JSON.stringify(await rounds[round.kind](round)));
}

async function fail(of: {
  jobs: number;
  in_flight: number;
  batch: number;
  together: boolean;
}): Promise<Measured> {
  await post("/api/retry", {});
  let left = of.jobs;
  const claimNext = async (worker: Worker) => {
    const wanted = Math.min(of.batch, left);
    if (wanted === 0) return [];
    left -= wanted;
    const orders = await claim(worker, wanted);
    if (orders.length !== wanted) throw new Error(`${orders.length} jobs came, ${wanted} are queued`);
    return orders;
  };
  const reportAll = (worker: Worker, orders: Order[]) =>
    of.together ? reportTogether(worker, orders) : Promise.all(orders.map((order) => report(worker, order)));
  return timed(of.in_flight, async (worker) => {
    // Like a worker of vc and those of other queues: a place is free for the next job once its work is done.
    for (let orders = await claimNext(worker); orders.length > 0; )
      [orders] = await Promise.all([claimNext(worker), reportAll(worker, orders)]);
  });
}

async function publish(of: { jobs: number; in_flight: number }): Promise<Measured> {
  const waiting: { worker: Worker; order: Order }[] = [];
  for (let at = 0; waiting.length < of.jobs; at++) {
    const worker = workers[at % of.in_flight] as Worker;
    const orders = await claim(worker, Math.min(HELD_AT_ONCE, of.jobs - waiting.length));
    if (orders.length === 0) throw new Error("there are too few films for this round");
    for (const order of orders) {
      writeFileSync(join(worker.staging_path, order.staging), CONTENT);
      waiting.push({ worker, order });
    }
  }
  return timed(of.in_flight, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      await handIn(next.worker, next.order);
  });
}

/** `samples`: from the answer to the call that queued a job (which leaves after its commit) to the answer that brings it. */
async function arrive(of: { jobs: number; in_flight: number }): Promise<Measured> {
  const failed = await idsOfFailed(of.jobs);
  const samples: number[] = [];
  const arrived = new Map<string, (at: number) => void>();
  const stop = new AbortController();
  const loops = workers.slice(0, of.in_flight).map(async (worker) => {
    while (!stop.signal.aborted) {
      const orders = await claim(worker, 1, { wait_ms: 20_000, signal: stop.signal }).catch(
        (error: unknown) => {
          if (stop.signal.aborted) return [];
          throw error;
        },
      );
      const at = performance.now();
      for (const order of orders) arrived.get(order.id)?.(at);
      for (const order of orders) await report(worker, order);
    }
  });
  await Bun.sleep(500);
  const begin = performance.now();
  for (const id of failed) {
    const { promise, resolve } = Promise.withResolvers<number>();
    arrived.set(id, resolve);
    await post(`/api/jobs/${id}/retry`, {});
    const queued = performance.now();
    samples.push(Math.max(0, (await promise) - queued));
    // As jobs come in life: when whoever got the last one is waiting again.
    await Bun.sleep(5);
  }
  const ms = performance.now() - begin;
  stop.abort();
  await Promise.all(loops);
  return { ms, samples };
}

async function idsOfFailed(jobs: number): Promise<string[]> {
  const found: string[] = [];
  for (let offset = 0; found.length < jobs; offset += 1000) {
    const { jobs: page } = await get<Reply<"jobs">>(`/api/jobs?status=failed&limit=1000&offset=${offset}`);
    if (page.length === 0) throw new Error("too few failed jobs");
    found.push(...page.map(({ id }) => id));
  }
  return found.slice(0, jobs);
}

async function timed(in_flight: number, work: (worker: Worker) => Promise<void>): Promise<Measured> {
  const begin = performance.now();
  await Promise.all(workers.slice(0, in_flight).map(work));
  return { ms: performance.now() - begin, samples: [] };
}

async function register(worker_id: string): Promise<Worker> {
  const session = crypto.randomUUID();
  const said = { worker_id, session, hostname: worker_id, version: "bench", concurrency: HELD_AT_ONCE };
  const { storage } = await post<Reply<"register">>("/api/worker/register", said);
  const staging_path = join(storage.output_base, ".vc");
  mkdirSync(staging_path, { recursive: true });
  return { worker_id, session, staging_path };
}

async function claim(
  { worker_id, session }: Worker,
  max: number,
  wait?: { wait_ms: number; signal: AbortSignal },
): Promise<Order[]> {
  const wanted = `protocol=2&worker_id=${worker_id}&session=${session}&claim_id=${crypto.randomUUID()}&max=${max}`;
  const waits = wait === undefined ? "" : `&wait_ms=${wait.wait_ms}`;
  const signal = wait === undefined ? {} : { signal: wait.signal };
  const response = await fetch(`${url}/api/worker/next-job?${wanted}${waits}`, { headers, ...signal });
  if (response.status === 204) return [];
  return (await read<{ jobs: Order[] }>(response)).jobs;
}

async function report({ worker_id }: Worker, { id, attempt }: Order): Promise<void> {
  await post("/api/worker/job-failed", { ...FAILURE, worker_id, job_id: id, attempt });
}

async function reportTogether({ worker_id }: Worker, orders: Order[]): Promise<void> {
  const reports = orders.map(({ id, attempt }) => ({ ...FAILURE, job_id: id, attempt }));
  const { answers } = await post<Reply<"jobs_failed">>("/api/worker/jobs-failed", { worker_id, reports });
  const refused = answers.find(({ ok }) => !ok);
  if (refused !== undefined) throw new Error(`a report was refused: ${JSON.stringify(refused)}`);
}

async function handIn({ worker_id }: Worker, { id, attempt, staging }: Order): Promise<void> {
  const extension = staging.split(".").at(-1);
  const outputs = [{ staging, role: "film", extension, size: CONTENT.length }];
  const { status } = await post<Reply<"job_complete">>("/api/worker/job-complete", {
    worker_id,
    job_id: id,
    attempt,
    outputs,
  });
  if (status !== "completed") throw new Error(`a film was not published: ${status}`);
}

async function get<T>(path: string): Promise<T> {
  return read(await fetch(url + path, { headers }));
}
async function post<T>(path: string, body: object): Promise<T> {
  return read(await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) }));
}
async function read<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
