import { Logger, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { serveRounds } from "./rounds.mjs";

const connectionString = process.argv[2];
const quiet = new Logger(() => () => undefined);
const pool = new pg.Pool({ connectionString, max: 40 });
pool.on("error", (error) => console.error(error));
pool.on("connect", (client) => client.on("error", (error) => console.error(error)));
await runMigrations({ pgPool: pool, logger: quiet });
const JOBS = `select graphile_worker.add_job('film', json_build_object('source_rel', 'series/episode ' || number || '.mkv'),
  max_attempts := 1) from generate_series(1, $1) as number`;
const LEFT = `select count(*)::int as jobs from graphile_worker._private_jobs
  where attempts < max_attempts or last_error is null or locked_at is not null`;

/**
 * One round on graphile-worker: jobs that are queued already, each taken and failed for good. With `batch` its local
 * queue takes so many at once, and failures are reported together.
 */
await serveRounds(async ({ jobs, in_flight, batch }) => {
  await pool.query(JOBS, [jobs]);
  let failed = 0;
  const { promise: all, resolve } = Promise.withResolvers();
  const film = async () => {
    failed += 1;
    if (failed === jobs) resolve();
    throw new Error("the source is damaged");
  };
  const together = batch > 1 ? { localQueue: { size: batch }, failJobBatchDelay: 1 } : {};
  const begin = performance.now();
  const runner = await run({
    pgPool: pool,
    taskList: { film },
    logger: quiet,
    noHandleSignals: true,
    preset: { worker: { concurrentJobs: in_flight, pollInterval: 100, ...together } },
  });
  await all;
  for (;;) {
    const { rows } = await pool.query(LEFT);
    if (rows[0].jobs === 0) break;
  }
  const ms = performance.now() - begin;
  await runner.stop();
  await pool.query("truncate graphile_worker._private_jobs");
  return ms;
});
