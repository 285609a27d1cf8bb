import type { Database } from "../../src/db/database.ts";
import type { AttemptKey } from "../../src/roles/master/leases.ts";
import type { World } from "./world.ts";

/** As much of a master as can be looked at from outside. */
export type Observed = {
  database: Database;
  isUp: () => boolean;
  /** True once every held attempt must have a lease. */
  hasUpkept: () => boolean;
  leases: () => AttemptKey[];
};

/** Makes the checks quick. */
export function prepareChecks({ sqlite }: Database): void {
  sqlite.run("create index sim_open on attempts (job_id, attempt) where outcome is null");
}

/** All of it. */
export function checkTables(
  world: World,
  master: Observed,
  expected: { films: number; cancelled: ReadonlySet<string> },
): void {
  checkRunning(world, master);
  checkFilms(world, master, expected);
}

/** What the tables must say of running attempts after every commit. */
export function checkRunning(world: World, master: Observed): void {
  const { sqlite } = master.database;
  const rows = <T>(query: string) => sqlite.query<T, []>(query).all();
  const open = rows<{ name: string; status: string; newest: number; attempt: number }>(
    `select a.job_id || '.' || a.attempt as name, j.status, j.attempt as newest, a.attempt
     from attempts a join jobs j on j.id = a.job_id where a.outcome is null`,
  );
  for (const { name, status, newest, attempt } of open) {
    const runs = status === "processing" || status === "publishing";
    if (!runs || newest !== attempt) world.fail(`attempt ${name} is open, its job is ${status} at ${newest}`);
  }
  const held = rows<{ id: string; attempt: number; status: string }>(
    "select id, attempt, status from jobs where status in ('processing', 'publishing')",
  );
  if (held.length !== open.length) world.fail(`${held.length} jobs are held by ${open.length} attempts`);
  checkLeases(world, master, held);
}

/** What the tables must always say of all films: what is wrong once stays wrong, so that it need not be asked so often. */
export function checkFilms(
  world: World,
  master: Observed,
  expected: { films: number; cancelled: ReadonlySet<string> },
): void {
  const { sqlite } = master.database;
  const rows = <T>(query: string) => sqlite.query<T, []>(query).all();
  const films = rows<{ films: number }>("select count(*) as films from jobs where parent_id is null")[0]
    ?.films;
  if (films !== expected.films) world.fail(`${films} jobs for ${expected.films} sources`);
  for (const { id, status } of rows<{ id: string; status: string }>("select id, status from jobs")) {
    if (expected.cancelled.has(id) && status !== "cancelled")
      world.fail(`the cancelled job ${id} is ${status}`);
  }
  // What path and size alone decide needs no attempt.
  const outdated = rows<{ id: string; status: string }>(
    `select j.id, j.status from jobs j join attempts a on a.job_id = j.id and a.attempt = j.attempt
     where j.status in ('completed', 'failed', 'skipped') and a.source_mtime_ns <> j.source_mtime_ns
       and coalesce(j.reason, '') not in ('excluded', 'too_small')`,
  );
  for (const { id, status } of outdated) world.fail(`${id} is ${status}, of an older source`);
  checkCounts(world, rows);
}

function checkLeases(
  world: World,
  master: Observed,
  held: { id: string; attempt: number; status: string }[],
): void {
  if (!master.isUp()) return;
  const running = held.filter((job) => job.status === "processing").map((job) => `${job.id}.${job.attempt}`);
  const leased = master.leases().map((key) => `${key.job_id}.${key.attempt}`);
  for (const name of leased) if (!running.includes(name)) world.fail(`${name} has a lease and does not run`);
  if (!master.hasUpkept()) return;
  for (const name of running) if (!leased.includes(name)) world.fail(`${name} runs without a lease`);
}

function checkCounts(world: World, rows: <T>(query: string) => T[]): void {
  type Count = { name: string; jobs: number; bytes: number };
  const real = rows<Count>(
    `select status || ' ' || coalesce(reason, '') as name, count(*) as jobs, sum(source_size) as bytes
     from jobs where parent_id is null group by 1 order by 1`,
  );
  const kept = rows<Count>(
    `select status || ' ' || reason as name, jobs, source_bytes as bytes
     from job_counts where jobs <> 0 or source_bytes <> 0 or output_bytes <> 0 or source_ms <> 0 order by 1`,
  );
  if (!Bun.deepEquals(real, kept)) {
    world.fail(`counts differ: ${JSON.stringify(real)} in jobs, ${JSON.stringify(kept)} kept`);
  }
}
