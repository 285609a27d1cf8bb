import { mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";
import type { Measured, Round } from "./queue/client.ts";
import { type Program, startProgram } from "./queue/program.ts";
import { type Rival, startRivals } from "./queue/rivals.ts";

const ROUNDS = 5;
const FILMS = 16_000;
/** Workers at once, and jobs at a claim where they come in batches. */
const SIXTEEN = 16;
const PUBLISHES = 500;
const ARRIVALS = 1000;
/** linux/magic.h */
const TMPFS_MAGIC = 0x01021994;

/** One worker that has one job in work waits for each answer, and for the disk each time: what the others wait for together. */
const ALONE = "vc, one worker, one job in work";
const SINGLY = "vc, sixteen workers, one at a time";
const TOGETHER = "vc, claims and reports of sixteen";

type Contestant = { name: string; jobs: number; measure(jobs: number): Promise<Measured> };

/**
 * Claim and final report of vc, beside other queues that make each answer durable, in turns on the same disk; then
 * publishes, and how long a job waits for a worker that waits.
 */
export async function benchQueue(): Promise<Figure[]> {
  if (statfsSync(tmpdir()).type === TMPFS_MAGIC)
    throw new Error(`${tmpdir()} is memory, where nothing is durable: set TMPDIR to a folder on a disk.`);
  const figures: Figure[] = [];
  await withSite(async (site) => {
    await startMaster(site);
    const client = join(import.meta.dir, "queue", "client.ts");
    const vc = startProgram(
      [process.execPath, client, site.url, join(site.folder, "jobs.db.token")],
      site.folder,
    );
    const rivals = await startRivals(site.folder);
    try {
      figures.push(...compare(await race(contestants(vc, rivals))));
      figures.push(await publishes(vc), await arrivals(vc));
    } finally {
      for (const program of [vc, ...rivals]) await program.stop();
    }
  });
  return figures;
}

/** With a library of empty films, all queued, and nothing else to do. */
async function startMaster(site: Site): Promise<void> {
  for (let film = 0; film < FILMS; film++) {
    const folder = join(site.films, `series ${Math.floor(film / 200)}`);
    if (film % 200 === 0) mkdirSync(folder);
    writeFileSync(join(folder, `episode ${film}.mkv`), "");
  }
  await site.master({ scanner: { scan_interval: "0" }, queue: { lease: "10m" } });
  await until("all films are queued", async () => (await site.get("/api/status")).body?.pending === FILMS);
}

/** Each job count is good for a second or so. */
function contestants(vc: Program, rivals: Rival[]): Contestant[] {
  const own = (in_flight: number, batch: number, together: boolean) => (jobs: number) =>
    vc.ask<Measured>({ kind: "fail", jobs, in_flight, batch, together } satisfies Round);
  const other = (rival: Rival, in_flight: number, batch: number) => (jobs: number) =>
    rival.program.ask<Measured>({ jobs, in_flight, batch });
  const many = SIXTEEN * SIXTEEN;
  return [
    { name: ALONE, jobs: 800, measure: own(1, 1, false) },
    { name: SINGLY, jobs: 2000, measure: own(SIXTEEN, 1, false) },
    { name: "vc, claims of sixteen", jobs: 6000, measure: own(SIXTEEN, SIXTEEN, false) },
    { name: TOGETHER, jobs: 6000, measure: own(SIXTEEN, SIXTEEN, true) },
    ...rivals.flatMap((rival) => [
      { name: `${rival.name}, 1 in work`, jobs: 800, measure: other(rival, 1, 1) },
      { name: `${rival.name}, 16 in work`, jobs: 2000, measure: other(rival, SIXTEEN, 1) },
      { name: `${rival.name}, 256 in work`, jobs: 4000, measure: other(rival, many, SIXTEEN) },
    ]),
  ];
}

/** Jobs per second of each, the middle of all rounds. Each round has all of them, so that what else the machine does meets all alike. */
async function race(all: Contestant[]): Promise<Map<string, number>> {
  const speeds = new Map(all.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const { name, jobs, measure } of all) {
      const { ms } = await measure(jobs);
      // The first round is there to warm all up.
      if (round > 0) speeds.get(name)?.push((jobs / ms) * 1000);
    }
  for (const [name, found] of speeds)
    console.log(`        ${name}: ${found.map((speed) => speed.toFixed(0)).join(", ")} jobs/s`);
  return new Map([...speeds].map(([name, found]) => [name, quantile(found, 0.5)]));
}

function compare(speeds: Map<string, number>): Figure[] {
  const speed = (name: string) => speeds.get(name) ?? Number.NaN;
  const against = (name: string, rival: string, least: number): Figure => ({
    name: `${name}, against ${rival}`,
    found: `${(speed(name) / speed(rival)).toFixed(2)} times (${speed(name).toFixed(0)} and ${speed(rival).toFixed(0)} jobs/s)`,
    aim: `${least} times`,
    met: speed(name) >= least * speed(rival),
  });
  const rivals = [...speeds.keys()].filter((name) => !name.startsWith("vc,"));
  const alone = rivals.filter((name) => name.endsWith(", 1 in work"));
  const many = rivals.filter((name) => !alone.includes(name));
  return [
    ...alone.map((rival) => against(ALONE, rival, 1)),
    ...many.map((rival) => against(SINGLY, rival, 1)),
    ...many.map((rival) => against(TOGETHER, rival, 4)),
  ];
}

async function publishes(vc: Program): Promise<Figure> {
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const of = { kind: "publish", jobs: PUBLISHES, in_flight: SIXTEEN } satisfies Round;
    const { ms } = await vc.ask<Measured>(of);
    speeds.push((PUBLISHES / ms) * 1000);
  }
  const found = `${quantile(speeds, 0.5).toFixed(0)} a second`;
  return { name: "films of 4 kB published", found, aim: "none set", met: true };
}

async function arrivals(vc: Program): Promise<Figure> {
  const of = { kind: "arrive", jobs: ARRIVALS, in_flight: SIXTEEN } satisfies Round;
  const { samples } = await vc.ask<Measured>(of);
  const [p50, p99, most] = [0.5, 0.99, 1].map((part) => quantile(samples, part));
  return {
    name: `from the arrival of a job to a waiting worker, ${samples.length} times`,
    found: `${p99?.toFixed(1)} ms (p99), ${p50?.toFixed(1)} ms in the middle, ${most?.toFixed(1)} ms at most`,
    aim: "10 ms (p99)",
    met: (p99 ?? Number.NaN) <= 10,
  };
}

function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
