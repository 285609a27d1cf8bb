import type { JobRow } from "../../src/db/schema.ts";
import type { Store } from "../../src/db/store.ts";
import type { PublishIntent } from "../../src/roles/master/coordinator.ts";
import type { AttemptKey } from "../../src/roles/master/leases.ts";
import { standing } from "../../src/roles/master/lifecycle.ts";
import type { VcError } from "../../src/shared/errors.ts";
import type { Job, JobOrder, JobStatus } from "../../src/shared/job.ts";
import { checkFilms, checkRunning, checkTables, type Observed } from "./invariants.ts";
import type { Call } from "./network.ts";
import type { Made, World } from "./world.ts";

export const ENDED: ReadonlySet<JobStatus> = new Set(["completed", "failed", "skipped", "cancelled"]);

type Seen = { reply: unknown } | { error: VcError };
type Asked = {
  worker_id: string;
  session?: string;
  claim_id?: string;
  job_id?: string;
  attempt?: number;
  held?: AttemptKey[];
};
export type Model = ReturnType<typeof createModel>;

/** Each of so many changed moments. */
const FILMS_EVERY = 16;

/** What must be true, told by an observer who sees every committed answer and every file that is put in place. */
export function createModel(world: World) {
  const claimed = new Map<string, { worker_id: string; claim_id: string | undefined }>();
  const byClaim = new Map<string, string>();
  const sessions = new Map<string, string>();
  const newest = new Map<string, number>();
  const answers = new Map<string, JobStatus>();
  const published = new Set<string>();
  const cancelled = new Set<string>();
  let films = 0;
  let lives = 0;
  let changes = -1;
  let checks = 0;

  function learnClaims(asked: Asked, reply: unknown): void {
    const given = reply as { jobs: JobOrder[] } | Job | null;
    const orders = given === null ? [] : "jobs" in given ? given.jobs : [given];
    forbidTwoAnswers(asked, orders);
    for (const { id, attempt } of orders) {
      const name = `${id}.${attempt}`;
      const known = claimed.get(name);
      if (known === undefined) {
        if (attempt <= (newest.get(id) ?? 0)) world.fail(`attempt ${name} was given after a newer one`);
        newest.set(id, attempt);
        claimed.set(name, { worker_id: asked.worker_id, claim_id: asked.claim_id });
      } else if (known.worker_id !== asked.worker_id || known.claim_id !== asked.claim_id) {
        world.fail(`attempt ${name} was given to two claims`);
      }
    }
  }

  /** A claim repeated gives what it gave before, less what has ended since. */
  function forbidTwoAnswers({ claim_id }: Asked, orders: (JobOrder | Job)[]): void {
    if (claim_id === undefined || orders.length === 0) return;
    const names = orders.map(({ id, attempt }) => `${id}.${attempt}`);
    const before = byClaim.get(claim_id) ?? names.join(" ");
    for (const name of names) {
      if (!before.split(" ").includes(name)) world.fail(`the claim ${claim_id} got ${before}, then ${name}`);
    }
    byClaim.set(claim_id, before);
  }

  function learnSession({ worker_id, session = "" }: Asked, call: Call, seen: Seen): void {
    if (call === "register" && "reply" in seen) sessions.set(worker_id, session);
    const refused = "error" in seen && seen.error.code === "session_replaced";
    if (refused && sessions.get(worker_id) === session) world.fail(`${worker_id}'s own session is refused`);
  }

  function answered(of: { job_id: string; attempt: number; call: Call; status: JobStatus }): void {
    const name = `${of.call} ${of.job_id}.${of.attempt}`;
    const before = answers.get(name) ?? of.status;
    if (before !== of.status) world.fail(`${name} was answered ${before}, then ${of.status}`);
    answers.set(name, of.status);
  }

  function learnEnd(call: Call, asked: Asked, seen: Seen): void {
    const { job_id, attempt } = asked;
    if (job_id === undefined || attempt === undefined) return;
    const before = answers.get(`${call} ${job_id}.${attempt}`);
    if ("error" in seen) {
      if (before !== undefined) world.fail(`${call} ${job_id}.${attempt}: ok, then ${seen.error.code}`);
      return;
    }
    const { status, state } = seen.reply as { status?: JobStatus; state?: string };
    if (state !== "publish" && status !== undefined) answered({ job_id, attempt, call, status });
  }

  return {
    answered,
    /** Called in a transaction before the call is served; what it returns, after it. */
    watch: (store: Store, call: Call, input: unknown) => {
      const asked = input as Asked;
      const before = stateOf(store, asked);
      return (seen: Seen) => {
        if (call === "job_complete" || call === "job_failed") {
          forbidOldChanges(world, asked, before, stateOf(store, asked), seen);
        }
        if (call === "heartbeat" || call === "job_progress") forbidWrongStops(world, store, asked, seen);
        const learn = () => {
          world.count("error" in seen ? seen.error.code : call);
          if (before.lapsed && "reply" in seen && call !== "next_job")
            world.count(`${call} of a lapsed attempt`);
          if (before.answered && "reply" in seen && asked.job_id !== undefined)
            world.count(`repeated ${call}`);
          world.note(`${call} ${JSON.stringify(input)} -> ${summary(seen)}`);
          learnSession(asked, call, seen);
          if (call === "next_job" && "reply" in seen) learnClaims(asked, seen.reply);
          if (call === "job_complete" || call === "job_failed") learnEnd(call, asked, seen);
        };
        return { answer: seen, learn };
      };
    },
    /** A result was put in place. */
    placed: (made: Made, intent: PublishIntent) => {
      const name = `${made.source_rel} version ${made.version}`;
      world.note(`published ${name} by ${made.job_id}.${made.attempt}`);
      if (published.has(name)) world.fail(`${name} was published twice`);
      published.add(name);
      const right = made.job_id === intent.job_id && made.attempt === intent.attempt;
      const isNewest = (newest.get(made.job_id) ?? made.attempt) === made.attempt;
      if (!right || !isNewest) world.fail(`${name} was published by an attempt that does not hold it`);
    },
    scanned: (found: number) => {
      films = Math.max(films, found);
    },
    /** How often a film came to an end; queued again, it begins another life. */
    lives: () => lives,
    ended: ({ status }: Job) => {
      if (ENDED.has(status)) lives += 1;
    },
    cancelled: (job_id: string) => cancelled.add(job_id),
    retried: (job_id: string) => cancelled.delete(job_id),
    /** At the end. */
    checkAll: (master: Observed) => checkTables(world, master, { films, cancelled }),
    /** Between any two moments. */
    check: (master: Observed) => {
      const total =
        master.database.sqlite.query<{ n: number }, []>("select total_changes() as n").get()?.n ?? 0;
      if (total === changes) return;
      changes = total;
      checkRunning(world, master);
      checks += 1;
      if (checks % FILMS_EVERY === 0) checkFilms(world, master, { films, cancelled });
    },
  };
}

type State = { job: JobRow | undefined; answered: boolean; lapsed: boolean };

function stateOf(store: Store, asked: Asked): State {
  const { job_id, attempt } = { ...asked.held?.[0], ...asked };
  if (job_id === undefined) return { job: undefined, answered: false, lapsed: false };
  const row = attempt === undefined ? undefined : store.attempt({ job_id, attempt });
  const job = store.job(job_id);
  const lapsed = job !== undefined && row !== undefined && standing(job, row) === "lapsed";
  return { job, answered: row !== undefined && row.answer !== null, lapsed };
}

function forbidOldChanges(world: World, asked: Asked, before: State, after: State, seen: Seen): void {
  const { job } = before;
  if (job === undefined || asked.attempt === undefined || asked.attempt >= job.attempt) return;
  if (!Bun.deepEquals(job, after.job))
    world.fail(`the old attempt ${job.id}.${asked.attempt} changed its job`);
  if ("reply" in seen && !before.answered)
    world.fail(`the old attempt ${job.id}.${asked.attempt} was accepted`);
}

function forbidWrongStops(world: World, store: Store, asked: Asked, seen: Seen): void {
  if ("error" in seen) return;
  for (const key of (seen.reply as { stop: { job_id: string; attempt: number }[] }).stop) {
    const job = store.job(key.job_id);
    const attempt = store.attempt(key);
    const runs = job?.status === "processing" && job.attempt === key.attempt;
    if (runs && attempt?.worker_id === asked.worker_id)
      world.fail(`${key.job_id}.${key.attempt} is told to stop`);
  }
}

function summary(seen: Seen): string {
  return "error" in seen ? seen.error.code : (JSON.stringify(seen.reply) ?? "").slice(0, 160);
}
