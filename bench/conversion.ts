import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../test/support/films.ts";
import { type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";

const CLIPS = [
  ...Array.from({ length: 12 }, (_, at) => ({ name: `clip ${at}.mkv`, duration_s: 10, size: "1280x720" })),
  ...Array.from({ length: 2 }, (_, at) => ({ name: `film ${at}.mkv`, duration_s: 60, size: "1920x1080" })),
];

type Attempt = { report: { command?: string[]; encode_ms?: number; verify_ms?: number } };

/** A small library through master and one worker with two slots, beside xargs -P2 with the same ffmpeg commands. */
export async function benchConversion(): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withSite(async (site) => {
    for (const { name, ...film } of CLIPS) await makeFilm(join(site.films, name), film);
    await site.master({ conversion: { preset: "veryfast" }, scanner: { scan_interval: "0" } });
    await site.worker("bench", { settings: { worker: { concurrency: 2 } } });
    const jobs = await ended(site);
    const wall =
      Math.max(...jobs.map(({ completed_at }) => Date.parse(completed_at))) -
      Math.min(...jobs.map(({ started_at }) => Date.parse(started_at)));
    const attempts = await Promise.all(jobs.map(({ id }) => lastAttempt(site, id)));
    const verifying = attempts.reduce((sum, { report }) => sum + (report.verify_ms ?? 0), 0) / 2;
    const bare = await runWithXargs(
      site,
      attempts.map(({ report }) => report.command ?? []),
    );
    const ratio = (wall - verifying) / bare;
    figures.push({
      name: "14 films with two slots, against xargs -P2 with the same commands",
      found: `${ratio.toFixed(3)} times (${wall} ms, of which verification ${verifying.toFixed(0)} ms; ${bare.toFixed(0)} ms); with verification ${(wall / bare).toFixed(3)} times`,
      aim: "1.05 times",
      met: ratio <= 1.05,
    });
  });
  return figures;
}

type Timed = { id: string; status: string; started_at: string; completed_at: string };

/** The jobs in the order in which they were started. */
async function ended(site: Site): Promise<Timed[]> {
  const jobs = await until(
    "all films are converted",
    async () => {
      const found = (await site.get("/api/jobs?limit=100")).body?.jobs as Timed[];
      return found.length === CLIPS.length && found.every(({ status }) => status === "completed") && found;
    },
    { deadline_ms: 1_800_000, every_ms: 1000 },
  );
  return jobs.sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
}

async function lastAttempt(site: Site, id: string): Promise<Attempt> {
  const attempts = (await site.get(`/api/jobs/${id}`)).body?.attempts as Attempt[];
  const last = attempts.at(-1);
  if (last?.report.command === undefined) throw new Error(`the attempt of ${id} tells no ffmpeg command`);
  return last;
}

/** The commands as they were, but into a folder of their own; resolves with the milliseconds that all took. */
async function runWithXargs(site: Site, commands: string[][]): Promise<number> {
  const folder = join(site.folder, "bare");
  await mkdir(folder);
  const scripts = await Promise.all(
    commands.map(async (command, at) => {
      const words = command.map((word) =>
        word.includes(".partial.") ? `file:${join(folder, `${at}.${word.split(".").at(-1)}`)}` : word,
      );
      const path = join(folder, `${at}.sh`);
      const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
      await writeFile(path, `exec ${quoted} >/dev/null 2>&1 </dev/null\n`);
      return path;
    }),
  );
  const begin = performance.now();
  const child = Bun.spawn({ cmd: ["xargs", "-P2", "-n1", "sh"], stdin: new Blob([scripts.join("\n")]) });
  if ((await child.exited) !== 0) throw new Error("one of the bare ffmpeg commands failed");
  return performance.now() - begin;
}
