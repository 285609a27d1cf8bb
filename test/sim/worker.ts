import type { VcError } from "../../src/shared/errors.ts";
import type { JobOrder } from "../../src/shared/job.ts";
import type { Call, Send } from "./network.ts";
import { mtimeOf, type World } from "./world.ts";

export type SimWorker = ReturnType<typeof startWorker>;
type Running = { order: JobOrder; version: number };
/** `bad`: a machine that fails every film at once. */
export type Host = { worker_id: string; hostname: string; slots: number; bad?: boolean };

/** A film of this name kills every worker that runs it. */
export const KILLER = "killer";
const BLAMED = ["ffmpeg_failed", "worker_error", "verification_failed", "mount_lost", "stalled"];
const PASSING = new Set(["unavailable", "unreachable", "storage"]);
/** One that is refused asks again after a while. */
const REGISTER_EVERY_MS = 3000;

/** One process of a worker that speaks our own protocol, as protocol.ts tells it. Every wait ends when it dies. */
export function startWorker(world: World, send: Send, host: Host) {
  const { random, timeline } = world;
  const { worker_id, hostname } = host;
  const session = random.text();
  const running = new Map<string, Running>();
  let alive = true;
  let registered = false;
  let draining = false;
  let claim_id: string | null = null;
  let frozen_until_ms = 0;
  let asked_ms = Number.NEGATIVE_INFINITY;

  /** Nothing happens in a process that is dead; in a frozen one it happens late. */
  function later(delay_ms: number, event: () => void): void {
    timeline.after(delay_ms, () => {
      if (!alive) return;
      if (timeline.now() < frozen_until_ms) later(frozen_until_ms - timeline.now(), event);
      else event();
    });
  }

  function call(
    name: Call,
    input: object,
    then: (reply: unknown) => void,
    failed: (error: VcError) => void,
  ): void {
    send(name, { worker_id, ...input }, (answer) =>
      later(1, () => {
        if ("reply" in answer) return then(answer.reply);
        if (answer.error.code === "session_replaced") alive = false;
        else if (answer.error.code === "unknown_worker") registered = false;
        failed(answer.error);
      }),
    );
  }

  function register(): void {
    if (timeline.now() - asked_ms < REGISTER_EVERY_MS) return;
    asked_ms = timeline.now();
    const input = { session, hostname, version: "1", concurrency: host.slots };
    call("register", input, () => (registered = true), ignore);
  }

  function claim(): void {
    if (claim_id !== null || draining || running.size >= host.slots) return;
    claim_id = random.text();
    const mine = claim_id;
    const input = { session, protocol: 2, claim_id: mine, max: host.slots - running.size };
    const ask = () =>
      call(
        "next_job",
        input,
        (reply) => {
          claim_id = null;
          for (const order of (reply as { jobs: JobOrder[] } | null)?.jobs ?? []) run(order);
        },
        (error) => {
          if (PASSING.has(error.code)) later(500, ask);
          else claim_id = null;
        },
      );
    ask();
  }

  function run(order: JobOrder): void {
    const name = `${order.id}.${order.attempt}`;
    const version = world.sources.get(order.source_rel) ?? 0;
    const job = { order, version };
    running.set(name, job);
    const deadly = order.source_rel.startsWith(KILLER);
    later(host.bad ? 50 : random.between(300, world.longest_ms), () => {
      if (running.get(name) !== job) return;
      if (deadly) die();
      else if (host.bad) fail(name, job, random.pick(BLAMED));
      else end(name, job);
    });
  }

  function die(): void {
    alive = false;
    world.count("fault: film kills its worker");
  }

  function fail(name: string, { order: { id: job_id, attempt } }: Running, reason: string): void {
    report(name, "job_failed", { job_id, attempt, outcome: "retry", reason, error_message: "it failed" });
  }

  function end(name: string, job: Running): void {
    const { id: job_id, attempt, staging, source_rel, source_mtime_ns } = job.order;
    const fate = random.next();
    if (mtimeOf(job.version) !== source_mtime_ns) {
      const changed = { error_message: "changed", reason: "source_changed" };
      report(name, "job_failed", { job_id, attempt, ...changed });
    } else if (world.libraryFull && random.chance(0.5)) {
      fail(name, job, "disk_full");
    } else if (!world.faulty || fate < 0.7) {
      world.staging.set(staging, { source_rel, version: job.version, job_id, attempt });
      const outputs = [{ staging, role: "film", extension: "mp4", size: 5 }];
      report(name, "job_complete", { job_id, attempt, outputs });
    } else {
      const reason = fate < 0.95 ? "ffmpeg_failed" : "drained";
      const outcome = fate < 0.85 ? "retry" : fate < 0.9 ? "permanent" : "skipped";
      report(name, "job_failed", { job_id, attempt, outcome, reason, error_message: "it failed" });
    }
  }

  /** Repeated until there is an answer. */
  function report(name: string, what: "job_complete" | "job_failed", input: object): void {
    const ask = () =>
      call(
        what,
        input,
        () => running.delete(name),
        (error) => {
          if (PASSING.has(error.code)) later(500, ask);
          else if (error.code === "stale_attempt") drop(name);
          else world.fail(`${what} ${JSON.stringify(input)} was refused: ${error.code} ${error.message}`);
        },
      );
    ask();
  }

  function drop(name: string): void {
    const job = running.get(name);
    running.delete(name);
    if (job !== undefined) world.staging.delete(job.order.staging);
  }

  function obey(reply: unknown): void {
    const orders = reply as { stop: { job_id: string; attempt: number }[]; draining: boolean };
    for (const { job_id, attempt } of orders.stop) drop(`${job_id}.${attempt}`);
    draining = orders.draining;
  }

  function held() {
    return [...running.values()].map(({ order }) => ({ job_id: order.id, attempt: order.attempt }));
  }

  function loop(every_ms: number, duty: () => void): void {
    later(every_ms, () => {
      if (registered) duty();
      else register();
      loop(every_ms, duty);
    });
  }

  register();
  loop(1000, claim);
  loop(2000, () => running.size > 0 && call("job_progress", { session, held: held() }, obey, ignore));
  loop(3000, () =>
    call("heartbeat", { ...beat(hostname, running.size), session, held: held() }, obey, ignore),
  );
  loop(4000, () => call("control", { session }, obey, ignore));

  return {
    worker_id,
    isAlive: () => alive,
    isDraining: () => draining,
    kill: () => {
      alive = false;
    },
    freeze: (for_ms: number) => {
      frozen_until_ms = timeline.now() + for_ms;
    },
  };
}

/** A client of the seed's wire format: no session, no claim_id, no attempt; it repeats nothing. */
export function startSeedClient(world: World, send: Send, host: Host): SimWorker {
  const { random, timeline } = world;
  const { worker_id, hostname } = host;
  let alive = true;
  let busy = false;
  const later = (delay_ms: number, event: () => void) => timeline.after(delay_ms, () => alive && event());

  function next(): void {
    send("next_job", { worker_id }, (answer) => {
      const job =
        "reply" in answer
          ? (answer.reply as { id: string; attempt: number; source_rel: string } | null)
          : null;
      if (job === null) return later(1000, next);
      busy = true;
      const version = world.sources.get(job.source_rel) ?? 0;
      later(random.between(300, world.longest_ms), () => finish(job, version));
    });
  }
  function finish(job: { id: string; attempt: number; source_rel: string }, version: number): void {
    if (job.source_rel.startsWith(KILLER)) {
      alive = false;
      return;
    }
    const { id: job_id, attempt, source_rel } = job;
    const good = !world.faulty || random.chance(0.8);
    if (good) world.staging.set(`${job_id}.${attempt}.partial.mp4`, { source_rel, version, job_id, attempt });
    const done = () => {
      busy = false;
      later(500, next);
    };
    if (good) send("job_complete", { worker_id, job_id }, done);
    else send("job_failed", { worker_id, job_id, error_message: "it failed" }, done);
  }
  function beatOn(): void {
    send("heartbeat", { worker_id, ...beat(hostname, busy ? 1 : 0) }, ignore);
    later(3000, beatOn);
  }

  later(1, next);
  later(1, beatOn);
  return {
    worker_id,
    isAlive: () => alive,
    isDraining: () => false,
    kill: () => {
      alive = false;
    },
    freeze: ignore,
  };
}

function beat(hostname: string, active_jobs: number) {
  return {
    hostname,
    vulkan_available: false,
    active_jobs,
    status: "healthy",
    timestamp: "2020-01-01T00:00:00Z",
  };
}

const ignore = () => {};
