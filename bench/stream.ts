import { join } from "node:path";
import { makeFilm } from "../test/support/films.ts";
import { type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";
import { middle } from "./middle.ts";

const CLIPS = 5;

/** The same clip by the same worker, on the mount and by stream in turns; then how soon its bytes come. */
export async function benchStream(): Promise<Figure[]> {
  const times = { mount: [] as number[], stream: [] as number[] };
  for (let round = 0; round < CLIPS; round++)
    for (const source of ["mount", "stream"] as const) times[source].push(await jobTime(source));
  const ratio = middle(times.stream.map((ms, round) => ms / (times.mount[round] ?? Number.NaN)));
  const first = await firstByte();
  return [
    {
      name: "a job by stream against the same on a mount (30 s at 1080p)",
      found: `${ratio.toFixed(3)} times (${middle(times.stream).toFixed(0)} ms, ${middle(times.mount).toFixed(0)} ms)`,
      aim: "1.05 times",
      met: ratio <= 1.05,
    },
    {
      name: "first byte of a streamed source after its claim",
      found: `${first.toFixed(0)} ms`,
      aim: "300 ms",
      met: first <= 300,
    },
  ];
}

async function jobTime(source: "mount" | "stream"): Promise<number> {
  let time_ms = Number.NaN;
  await withSite(async (site) => {
    const [job] = await convertClips(site, { clips: 1, duration_s: 30, source });
    time_ms = job === undefined ? Number.NaN : Date.parse(job.completed_at) - Date.parse(job.started_at);
  });
  return time_ms;
}

/** From a claim's answer to the answer with the film's first bytes, as a line between master and worker sees them. */
async function firstByte(): Promise<number> {
  const first_ms: number[] = [];
  await withSite(async (site) => {
    const line = startLine(site.url, first_ms);
    const master_url = line.url.href.replace(/\/$/, "");
    await convertClips(site, { clips: CLIPS, duration_s: 2, source: "stream", master_url });
    await line.stop(true);
  });
  return middle(first_ms);
}

type Timed = { status: string; started_at: string; completed_at: string };

async function convertClips(
  site: Site,
  of: { clips: number; duration_s: number; source: "mount" | "stream"; master_url?: string },
): Promise<Timed[]> {
  const { clips, duration_s, source, master_url = site.url } = of;
  for (let n = 0; n < clips; n++)
    await makeFilm(join(site.films, `${n}.mkv`), { duration_s, size: "1920x1080" });
  await site.master({ conversion: { preset: "veryfast", container: "mkv" } });
  await site.worker("bench", {
    settings: {
      worker: { id: "bench", master_url, concurrency: 1 },
      storage: { source, cache_path: join(site.folder, "cache-bench") },
    },
  });
  return until(
    "all clips are converted",
    async () => {
      const found = (await site.get("/api/jobs?limit=100")).body?.jobs as Timed[];
      return found.length === clips && found.every(({ status }) => status === "completed") && found;
    },
    { deadline_ms: 1_800_000, every_ms: 500 },
  );
}

/** Passes calls on to the master, and notes how long after a claim the first byte of a source was on its way back. */
function startLine(master_url: string, first_ms: number[]) {
  let claimed_at: number | null = null;
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers, signal } = request;
      const body = method === "GET" || method === "HEAD" ? null : await request.arrayBuffer();
      const answer = await fetch(`${master_url}${pathname}${search}`, {
        method,
        headers,
        body,
        signal,
        decompress: false,
      });
      if (pathname.endsWith("/next-job") && answer.status === 200) claimed_at = performance.now();
      if (pathname.endsWith("/source") && answer.status === 206 && claimed_at !== null) {
        first_ms.push(performance.now() - claimed_at);
        claimed_at = null;
      }
      return answer;
    },
  });
}
