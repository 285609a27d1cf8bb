import { Queue, UnrecoverableError, Worker } from "bullmq";
import { serveRounds } from "./rounds.mjs";

const PORT = Number(process.argv[2]);
const connection = { host: "127.0.0.1", port: PORT, maxRetriesPerRequest: null };
const PIECE = 500;

/** One round on BullMQ: jobs that are queued already, each taken and failed for good, `in_flight` at a time. */
await serveRounds(async ({ jobs, in_flight }) => {
  const queue = new Queue("films", { connection });
  for (let first = 0; first < jobs; first += PIECE) {
    const piece = Array.from({ length: Math.min(PIECE, jobs - first) }, (_, at) => film(first + at));
    await queue.addBulk(piece);
  }
  const { promise: all, resolve } = Promise.withResolvers();
  const fail = async () => {
    throw new UnrecoverableError("the source is damaged");
  };
  const worker = new Worker("films", fail, { connection, concurrency: in_flight, autorun: false });
  let failed = 0;
  worker.on("error", (error) => console.error(error));
  // Told once Redis has answered, which it does after its fsync.
  worker.on("failed", () => {
    failed += 1;
    if (failed === jobs) resolve();
  });
  await worker.waitUntilReady();
  const begin = performance.now();
  void worker.run();
  await all;
  const ms = performance.now() - begin;
  await worker.close();
  const counts = await queue.getJobCounts("failed", "wait", "active");
  if (counts.failed !== jobs || counts.wait + counts.active > 0)
    throw new Error(`of ${jobs} jobs are left ${JSON.stringify(counts)}`);
  await queue.obliterate({ force: true });
  await queue.close();
  return ms;
});

function film(number) {
  return { name: "film", data: { source_rel: `series/episode ${number}.mkv` }, opts: { attempts: 1 } };
}
