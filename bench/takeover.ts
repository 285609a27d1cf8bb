import { join } from "node:path";
import { makeFilm } from "../test/support/films.ts";
import type { Running } from "../test/support/processes.ts";
import { type FoundJob, type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";

const TIMES = 5;
const LEASE_MS = 5_000;
/** Far longer than the whole takes. */
const FILM = { duration_s: 120, size: "1920x1080" };

type Held = FoundJob & { started_at: string };

/** Real workers: how soon a film runs elsewhere when its worker is killed, and when it is told twice to stop. */
export async function benchTakeover(): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withSite(async (site) => {
    await makeFilm(join(site.films, "film.mkv"), FILM);
    await site.master({
      conversion: { preset: "veryslow" },
      // Deaths are what is measured here: neither film nor workers are to be given up for them.
      queue: { lease: `${LEASE_MS}ms`, max_retries: 100, max_lost: 100, quarantine: "0" },
    });
    const workers = new Map<string, Running>();
    for (const id of ["a", "b"]) workers.set(id, await site.worker(id));
    const killed = await repeat(site, workers, (worker) => worker.kill("SIGKILL"));
    const stopped = await repeat(site, workers, (worker) => {
      worker.kill("SIGTERM");
      // The second one counts only once the first was heard.
      return until("the worker drains", () => worker.log().includes("draining"), { every_ms: 5 }).then(() =>
        worker.kill("SIGTERM"),
      );
    });
    figures.push(
      figure("a killed worker's film runs elsewhere", killed, 1.5 * LEASE_MS, "1.5 leases"),
      figure("a stopped worker's film runs elsewhere", stopped, 1_000, "at once: 1 s"),
    );
  });
  return figures;
}

/** Ends whoever has the film, and starts it anew; resolves with the milliseconds until the other had the film each time. */
async function repeat(
  site: Site,
  workers: Map<string, Running>,
  end: (worker: Running) => void | Promise<void>,
): Promise<number[]> {
  const found: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const before = await held(site, () => true);
    const worker = workers.get(before.worker_id ?? "");
    if (worker === undefined) throw new Error(`nobody knows the worker ${before.worker_id}`);
    await bothReady(site);
    await end(worker);
    const ended = Date.now();
    const after = await held(site, ({ attempt }) => attempt > before.attempt);
    found.push(Date.parse(after.started_at) - ended);
    await worker.ended;
    workers.set(worker.name, await site.worker(worker.name));
  }
  return found;
}

async function bothReady(site: Site): Promise<void> {
  await until("both workers are there, and one is free", async () => {
    const { workers } = (await site.get("/api/workers")).body as {
      workers: { status: string; active_jobs: number }[];
    };
    return workers.filter(({ status }) => status === "online").length === 2;
  });
  // Long enough for a new process to prove its mount and to wait for work.
  await Bun.sleep(LEASE_MS * Math.random() + 3_000);
}

function held(site: Site, wanted: (job: Held) => boolean): Promise<Held> {
  return until(
    "a worker has the film",
    async () => {
      const [job] = (await site.jobs()) as Held[];
      return job !== undefined && job.status === "processing" && job.progress !== null && wanted(job) && job;
    },
    { every_ms: 20 },
  );
}

function figure(name: string, found: number[], most_ms: number, aim: string): Figure {
  const longest = Math.max(...found);
  const each = found.map((ms) => `${(ms / 1000).toFixed(2)} s`).join(", ");
  return { name, found: `${each} (lease: ${LEASE_MS / 1000} s)`, aim, met: longest <= most_ms };
}
