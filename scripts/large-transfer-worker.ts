import { randomUUID } from "node:crypto";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { createAttempts } from "../src/roles/worker/attempts.ts";
import { createConnection } from "../src/roles/worker/connection.ts";
import { type Execution, ended } from "../src/roles/worker/executor.ts";
import { createByteCalls } from "../src/roles/worker/transfer/byte-calls.ts";
import { createKeptResults } from "../src/roles/worker/transfer/kept-results.ts";
import { createTransfers } from "../src/roles/worker/transfer/transfers.ts";
import { createWarnings } from "../src/roles/worker/warnings.ts";
import { createClient } from "../src/shared/client.ts";
import { WorkerConfig } from "../src/shared/config-worker.ts";
import type { JobOrder } from "../src/shared/job.ts";
import { createLogger } from "../src/shared/log.ts";
import { createTrust } from "../src/shared/tls.ts";

/**
 * A worker that fetches one film and hands in a file of the same size, with the code of a real one, but without any ffmpeg
 * between: scripts/large-transfer.ts and scripts/link-use.ts start it. Arguments: the master's address, a folder, a name.
 */
const [master_url = "", folder = "", worker_id = "large"] = process.argv.slice(2);
const token = process.env.VC_TOKEN ?? null;
const config = v.parse(WorkerConfig, {
  worker: { id: worker_id, master_url },
  storage: { source: "download", cache_path: folder },
});
const log = createLogger({ level: "info", format: "text", output_path: join(folder, "worker.log") });
const trust = createTrust({ master_url, tls_ca: null, tls_fingerprint: null });
const connection = createConnection({
  client: createClient({ master_url, token }),
  log,
  worker_id,
  concurrency: 1,
  retry_ms: 1000,
});
const signal = new AbortController().signal;
const attempts = createAttempts({
  concurrency: 1,
  connection,
  log,
  onFailure: () => process.exit(1),
  signal,
});
const bytes = createByteCalls({ master_url, token, trust, limit_bytes_per_s: 0 });
const transfers = createTransfers({
  config,
  connection,
  bytes,
  kept: createKeptResults(join(folder, "work")),
  films_path: join(folder, "films"),
  warnings: createWarnings(),
});

await transfers.workFolder("stream");
await connection.register(signal);
const claim = {
  worker_id,
  session: connection.who.session,
  claim_id: randomUUID(),
  protocol: 2,
  max: 1,
} as const;
const reply = await connection.call("next_job", claim);
const order = reply !== null && "jobs" in reply ? reply.jobs[0] : undefined;
if (order === undefined) throw new Error("there is no film to fetch");
attempts.start(order, (log) =>
  transfers.undertake(order, { kind: "download", log, begin: () => made(order), release: () => {} }),
);
while (attempts.held().length > 0) await attempts.changed();
await transfers.stop();
process.exit(0);

/** In place of an encode: a file of zeros that takes no room. */
function made(order: JobOrder): Execution {
  const target = transfers.target(order);
  const size = order.source_size;
  const done = ended({ outcome: "done", size, container: "mkv", beside: [], report: {} });
  const write = async () => {
    await writeFile(target, "");
    await truncate(target, size);
    // Whoever started this measures both halves.
    console.log("FETCHED");
    for await (const _ of process.stdin) break;
    return done.finished;
  };
  return { ...done, finished: write() };
}
