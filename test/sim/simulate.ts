import { createSimMaster, type SimMaster } from "./master.ts";
import { createModel, type Model } from "./model.ts";
import { createNetwork, type Send } from "./network.ts";
import { createRandom } from "./random.ts";
import { createTimeline } from "./timeline.ts";
import { type SimWorker, startSeedClient, startWorker } from "./worker.ts";
import { createWorld, type World } from "./world.ts";

const FAULTS_MS = 120_000;
/** Calm until everything has ended; far more than leases, back-offs and conversions take. */
const CALM_MS = 1_200_000;
const NAMES = [
  "a.mkv",
  "a.avi",
  "a.mov",
  "b/c.mp4",
  "b/C.mkv",
  "d.mov",
  "e.ts",
  "f.webm",
  "g.mkv",
  "h.flv",
].flatMap((name) => [name, `more/${name}`]);

export type SimResult = {
  seed: number;
  virtual_s: number;
  moments: number;
  statuses: Record<string, number>;
  seen: Map<string, number>;
};

/**
 * One life of a master, its workers and their people, all from one seed.
 * @throws Error that names the seed and the last events, when an invariant is broken
 */
export async function simulate(seed: number): Promise<SimResult> {
  const world = createWorld(createRandom(seed), createTimeline());
  const model = createModel(world);
  const master = createSimMaster(world, model);
  try {
    return await live({ seed, world, model, master });
  } catch (cause) {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new Error(`SEED=${seed}: ${told}\nThe last events:\n${world.log.join("\n")}`, { cause });
  } finally {
    master.database.close();
  }
}

type Life = { seed: number; world: World; model: Model; master: SimMaster };

async function live({ seed, world, model, master }: Life): Promise<SimResult> {
  const { timeline } = world;
  const fleet = startFleet(world, master);
  for (const name of NAMES.slice(0, 12)) world.sources.set(name, 1);
  master.scan();
  schedule(world, () => master.upkeep(), { every_ms: 1000 });
  schedule(world, () => master.scan(), { every_ms: 15_000 });
  scheduleFaults({ world, model, master, fleet });

  let moments = 0;
  const step = async () => {
    for (const event of timeline.next()) event();
    await master.settled();
    model.check(master);
    moments++;
  };
  while (timeline.now() < FAULTS_MS) await step();
  calmDown(world, master);
  await step();
  while (!allEnded(master, world)) {
    if (timeline.now() > FAULTS_MS + CALM_MS)
      world.fail(`not everything ended: ${JSON.stringify(statuses(master))}`);
    await step();
  }
  return { seed, virtual_s: timeline.now() / 1000, moments, statuses: statuses(master), seen: world.seen };
}

/** Three workers of ours, one client of the seed's format, and a second host that uses a worker id in use. */
function startFleet(world: World, master: SimMaster): { workers: SimWorker[]; renew: () => void } {
  const send = createNetwork(world, master, { repeats: true });
  const plain = createNetwork(world, master, { repeats: false });
  const hosts: [string, string, number, Send, typeof startWorker | typeof startSeedClient][] = [
    ["w1", "host1", 1, send, startWorker],
    ["w2", "host2", 2, send, startWorker],
    ["w3", "host3", 3, send, startWorker],
    ["seed", "host4", 1, plain, startSeedClient],
    ["w1", "elsewhere", 1, send, startWorker],
  ];
  const starts = hosts.map(
    ([worker_id, hostname, slots, by, start]) =>
      () =>
        start(world, by, { worker_id, hostname, slots }),
  );
  const workers = starts.map((start) => start());
  /** Whoever has died, or has been drained, starts anew. */
  const renew = () => {
    for (const [index, start] of starts.entries()) {
      const old = workers[index];
      if (old?.isAlive() && !old.isDraining()) continue;
      old?.kill();
      workers[index] = start();
    }
  };
  schedule(world, renew, { every_ms: 7000 });
  return { workers, renew };
}

function scheduleFaults(life: Omit<Life, "seed"> & { fleet: ReturnType<typeof startFleet> }): void {
  const { world, master, model, fleet } = life;
  const { random } = world;
  const faults: [number, () => void][] = [
    [8, () => random.pick(fleet.workers).kill()],
    [8, () => random.pick(fleet.workers).freeze(random.between(1000, 30_000))],
    [4, () => master.isUp() && master.restart()],
    [4, () => fillDisk(world, master)],
    [3, () => master.jumpWallClock(random.between(-60_000, 60_000))],
    [8, () => changeSource(world, master)],
    [6, () => personCancels(world, master, model)],
    [6, () => personRetries(world, master, model)],
    [
      3,
      () =>
        master.person((c, now) => c.setPriority(anyJob(world, master), random.between(-5, 5), now), ignore),
    ],
    [2, () => master.person((c, now) => c.drain(random.pick(["w1", "w2", "w3"]), now), ignore)],
    [1, () => master.person((c, now) => c.retryFailed(random.between(1, 3), now), ignore)],
  ];
  const bag = faults.flatMap(([weight, fault]) => Array.from({ length: weight }, () => fault));
  schedule(world, () => world.faulty && random.pick(bag)(), { every_ms: 1500 });
}

function schedule(world: World, duty: () => void, { every_ms }: { every_ms: number }): void {
  world.timeline.after(every_ms, () => {
    duty();
    schedule(world, duty, { every_ms });
  });
}

function fillDisk(world: World, master: SimMaster): void {
  world.count("disk full");
  master.setFullDisk(true);
  world.timeline.after(world.random.between(50, 5000), () => master.setFullDisk(false));
}

/** Half of the time one that is being converted; and half of the time the scan sees it at once. */
function changeSource(world: World, master: SimMaster): void {
  const { random, sources } = world;
  const running = master.database.sqlite
    .query<{ source_rel: string }, []>("select source_rel from jobs where status = 'processing' order by 1")
    .all();
  const among = running.length > 0 && random.chance(0.5) ? running.map((row) => row.source_rel) : NAMES;
  const name = random.pick(among);
  sources.set(name, (sources.get(name) ?? 0) + 1);
  world.note(`source ${name} is now version ${sources.get(name)}`);
  if (random.chance(0.5)) master.scan();
}

function anyJob(world: World, master: SimMaster): string {
  const rows = master.database.sqlite
    .query<{ id: string }, []>("select id from jobs order by source_rel")
    .all();
  return rows.length === 0 ? "none" : world.random.pick(rows).id;
}

function personCancels(world: World, master: SimMaster, model: Model): void {
  const id = anyJob(world, master);
  master.person(
    (c, now) => c.cancel(id, now),
    (job) => {
      world.note(`cancelled ${job.id}`);
      model.cancelled(job.id);
    },
  );
}

function personRetries(world: World, master: SimMaster, model: Model): void {
  const id = anyJob(world, master);
  master.person(
    (c, now) => c.retry(id, now),
    (job) => {
      world.note(`retried ${job.id}`);
      model.retried(job.id);
    },
  );
}

function calmDown(world: World, master: SimMaster): void {
  world.faulty = false;
  world.note("calm");
  master.setFullDisk(false);
  master.scan();
}

const ENDED = ["completed", "failed", "skipped", "cancelled"];

/** All jobs have ended, and the newest version of every source is what was converted. */
function allEnded(master: SimMaster, world: World): boolean {
  if (!master.isUp()) return false;
  const rows = master.database.sqlite
    .query<{ status: string; source_rel: string; source_mtime_ns: string; output_rel: string }, []>(
      "select * from jobs",
    )
    .all();
  if (rows.length !== world.sources.size || rows.some((row) => !ENDED.includes(row.status))) return false;
  return rows.every((row) => {
    const version = world.sources.get(row.source_rel) ?? 0;
    if (row.source_mtime_ns !== `17000000000000000${version}`) return false;
    if (row.status !== "completed") return true;
    const made = world.results.get(row.output_rel);
    if (made?.version !== version)
      world.fail(`${row.output_rel} is not of version ${version} of ${row.source_rel}`);
    return true;
  });
}

function statuses(master: SimMaster): Record<string, number> {
  const rows = master.database.sqlite
    .query<{ status: string; jobs: number }, []>("select status, count(*) as jobs from jobs group by status")
    .all();
  return Object.fromEntries(rows.map((row) => [row.status, row.jobs]));
}

const ignore = () => {};
