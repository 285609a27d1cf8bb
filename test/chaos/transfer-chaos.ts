import { copyFile, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../sim/random.ts";
import { makeFilm } from "../support/films.ts";
import { run } from "../support/processes.ts";
import type { FoundJob, Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { type BadLine, type LineCounts, startBadLine } from "./bad-line.ts";
import { filesBelow } from "./watcher.ts";

export type TransferOutcome = {
  films: number;
  counts: LineCounts;
  /** Bytes of sources and results: what has to travel once. */
  needed_bytes: number;
  /** Of these, bytes at the front of results that travelled once more, as their muxer changed them at its end. */
  front_bytes: number;
  breaches: string[];
};

/** How each worker gets its films; neither has a mount. */
const WAYS = ["stream", "download"] as const;
/** The last is long enough for its result to go up while it is made. */
const ORIGINALS = [
  { name: "a.mkv", duration_s: 10 },
  { name: "b.mp4", duration_s: 6 },
  { name: "c.ts", duration_s: 14 },
  { name: "d.mkv", duration_s: 50 },
];
const MASTER = {
  // Slow enough, and large enough, for results to go up while they are made.
  conversion: { preset: "fast", quality: 10, container: "mkv" },
  // Calls that were cut are made again: leases must not end meanwhile.
  queue: { lease: "60s", retry_delay: "1s" },
};

/**
 * Two workers of the compiled executable without a mount, on lines that cut, spoil, delay and repeat calls at random until
 * `cuts` calls with pieces of films were cut. Then the lines are good again, all ends, and everything is looked at.
 */
export async function cutTransfers(
  site: Site,
  of: { cuts: number; seed: number; originals?: number; tell?: (line: string) => void },
): Promise<TransferOutcome> {
  const random = createRandom(of.seed);
  const originals = ORIGINALS.slice(0, of.originals ?? ORIGINALS.length);
  for (const { name, duration_s } of originals)
    await makeFilm(join(site.folder, name), { duration_s, size: "640x480" });
  await site.master(MASTER);
  // What a good line makes of each film is what a bad one must make of it.
  let films = 0;
  for (const { name } of originals) films += await addFilm(site, name, films);
  const line = await startBadLine({ port: site.port, random });
  try {
    const workers = await Promise.all(WAYS.map((way) => startWorker(site, way, line)));
    await site.settled(films);
    while (line.counts.piece_cuts < of.cuts) {
      line.trouble(random.pick([0.5, 0.65, 0.75]));
      while ((await open(site)) < 2 * WAYS.length)
        films += await addFilm(site, random.pick(originals).name, films);
      await Bun.sleep(random.between(200, 3000));
      of.tell?.(`${line.counts.piece_cuts} cuts, ${films} films`);
    }
    line.trouble(0);
    const jobs = [...(await site.settled(films)).values()];
    await line.quiet();
    // What they have left at their end is left.
    for (const worker of workers) {
      worker.kill("SIGTERM");
      await worker.ended;
    }
    return {
      ...(await judge(site, { line, jobs, originals: originals.length })),
      films,
      counts: line.counts,
    };
  } finally {
    await line.stop();
  }
}

function startWorker(site: Site, way: (typeof WAYS)[number], line: BadLine) {
  const worker = { master_url: line.url, job_check_interval: "200ms" };
  const storage = { source: way, cache_path: join(site.folder, `cache-${way}`) };
  return site.worker(way, { settings: { worker: { id: way, ...worker }, storage } });
}

/** Written beside and then renamed in, as the settling time is zero here. */
async function addFilm(site: Site, original: string, number: number): Promise<number> {
  const draft = join(site.films, ".draft");
  await copyFile(join(site.folder, original), draft);
  await rename(draft, join(site.films, `${number} ${original}`));
  await until("the film is queued", async () => {
    await site.post("/api/scan", {});
    return (await site.jobs()).length > number;
  });
  return 1;
}

async function open(site: Site): Promise<number> {
  const open = ["pending", "processing", "publishing"];
  return (await site.jobs()).filter(({ status }) => open.includes(status)).length;
}

type Judged = Pick<TransferOutcome, "breaches" | "needed_bytes" | "front_bytes">;

async function judge(
  site: Site,
  { line, jobs, originals }: { line: BadLine; jobs: FoundJob[]; originals: number },
): Promise<Judged> {
  const breaches: string[] = [];
  const nth = (job: FoundJob) => Number(job.source_rel.split(" ")[0]);
  const references = new Map<string, string>();
  let needed_bytes = 0;
  for (const job of jobs.toSorted((a, b) => nth(a) - nth(b))) {
    if (job.status !== "completed" || job.attempt !== 1) {
      breaches.push(`${job.source_rel} is ${job.status} after ${job.attempt} attempts: ${job.error_message}`);
      continue;
    }
    const path = join(site.converted, job.output_rel);
    needed_bytes += (await stat(join(site.films, job.source_rel))).size + (await stat(path)).size;
    if (!hashesOf(line, job).includes(await hashOf(path)))
      breaches.push(`${job.output_rel} is not what its worker handed in`);
    const original = job.source_rel.slice(job.source_rel.indexOf(" ") + 1);
    const packets = await packetsOf(path);
    if (nth(job) < originals) references.set(original, packets);
    else if (references.get(original) !== packets)
      breaches.push(`${job.output_rel} is not what a good line makes of ${original}`);
  }
  const fronts = [...line.fronts.values()].reduce((sum, bytes) => sum + bytes, 0);
  breaches.push(...(await strangers(site, jobs)), ...(await leftOvers(site)));
  breaches.push(...overspent(line.counts, needed_bytes + fronts));
  return { breaches, needed_bytes, front_bytes: fronts };
}

/** The SHA-256 that a job's worker has told of its film. */
function hashesOf({ handIns }: BadLine, { id }: FoundJob): string[] {
  type HandIn = { job_id: string; outputs: { sha256?: string }[] };
  const told = handIns.map((body) => JSON.parse(body) as HandIn).filter(({ job_id }) => job_id === id);
  return told.flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256 ?? "none"));
}

async function hashOf(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const bytes of Bun.file(path).stream()) hash.update(bytes);
  return hash.digest("hex");
}

/** A hash of each stream's packets: two files with the same pictures and sound have the same, whatever their headers say. */
async function packetsOf(path: string): Promise<string> {
  const cmd = ["ffmpeg", "-v", "error", "-nostdin", "-i", `file:${path}`, "-map", "0", "-c", "copy"];
  const { exit, stdout, stderr } = await run({
    cmd: [...cmd, "-f", "streamhash", "-"],
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
  });
  return exit === 0 && stderr === "" ? stdout : `unreadable: ${stderr}`;
}

/** Every film is there once, and nothing else is. */
async function strangers(site: Site, jobs: FoundJob[]): Promise<string[]> {
  const expected = jobs.map(({ output_rel }) => output_rel);
  const found = [...(await filesBelow(site.converted)).keys()];
  return found.toSorted().join("\n") === expected.toSorted().join("\n")
    ? []
    : [`the output folder holds ${found.length} files for ${expected.length} films`];
}

/** No staging file at the master, nothing on the workers' disks but whole films in the cache. */
async function leftOvers(site: Site): Promise<string[]> {
  const left = (await readdir(join(site.converted, ".vc"))).filter((name) => name.includes(".partial."));
  for (const way of WAYS) {
    const cache = join(site.folder, `cache-${way}`);
    const work = await readdir(join(cache, "work"), { recursive: true });
    left.push(...work.filter((name) => name.includes(".partial.")));
    if (way === "download") left.push(...(await badFilms(site, join(cache, "films"))));
  }
  return left.map((name) => `${name} was left over`);
}

async function badFilms(site: Site, cache: string): Promise<string[]> {
  const originals = await Promise.all(
    ORIGINALS.map(({ name }) => hashOf(join(site.folder, name)).catch(() => "")),
  );
  const names = (await readdir(cache, { recursive: true })).filter((name) => name.includes("."));
  const [notes, films] = [names.filter(isNote), names.filter((name) => !isNote(name))];
  const known = new Set(films.map(stem));
  // What is noted of a film stays as long as the film.
  const bad = notes.filter((name) => !known.has(stem(name)));
  for (const name of films) if (!originals.includes(await hashOf(join(cache, name)))) bad.push(name);
  return bad;
}

const isNote = (name: string) => /\.(log|record)$/.test(name);
const stem = (name: string) => name.replace(/\.\w+$/, "");

/** Of the chunks in which sources travel. */
const FRAMING_BYTES = 100;

/** No cut costs more than one piece that is sent again. */
function overspent({ bytes, hit_bytes, pieces }: LineCounts, needed: number): string[] {
  const most = needed + hit_bytes + pieces * FRAMING_BYTES;
  return bytes <= most ? [] : [`${bytes} bytes travelled, ${most} at most were necessary`];
}
