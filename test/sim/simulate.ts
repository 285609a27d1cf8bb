import { allEnded } from "./endings.ts";
import { pickFault } from "./faults.ts";
import { startFleet } from "./fleet.ts";
import { createSimMaster, type SimMaster } from "./master.ts";
import { createModel, type Model } from "./model.ts";
import { createRandom } from "./random.ts";
import { createTimeline } from "./timeline.ts";
import { KILLER } from "./worker.ts";
import { createWorld, type World } from "./world.ts";

const FAULTS_MS = 120_000;
/** Calm until everything has ended; far more than leases, back-offs and conversions take. */
const CALM_MS = 1_200_000;
/** Some share their output's name, some differ in case only. */
const NAMES = ["a.mkv", "a.avi", "a.mov", "b/c.mp4", "b/C.mkv", "d.mov", "e.ts", "f.webm", "g.mkv", "h.flv"];

/** How many films there are, and how long one takes at most: few long ones, or many short ones. */
const SHAPES = [
  { films: 12, longest_ms: 15_000 },
  { films: 200, longest_ms: 2000 },
  { films: 200, longest_ms: 1000 },
];

export type SimResult = {
  seed: number;
  virtual_s: number;
  moments: number;
  /** How often a film came to an end. */
  lives: number;
  statuses: Record<string, number>;
  seen: Map<string, number>;
};

/**
 * One life of a master, its workers and their people, all from one seed.
 * @throws Error that names the seed and the last events, when an invariant is broken
 */
export async function simulate(seed: number): Promise<SimResult> {
  const random = createRandom(seed);
  const { films, longest_ms } = random.pick(SHAPES);
  const world = createWorld(random, createTimeline(), {
    longest_ms,
    names: namesOf(films, random.chance(0.25)),
  });
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

function namesOf(films: number, deadly: boolean): string[] {
  const names = Array.from({ length: films }, (_, n) => {
    const folder = Math.floor(n / NAMES.length);
    return `${folder === 0 ? "" : `more${folder}/`}${NAMES[n % NAMES.length]}`;
  });
  return deadly ? [`${KILLER}.mkv`, ...names] : names;
}

type Life = { seed: number; world: World; model: Model; master: SimMaster };

async function live({ seed, world, model, master }: Life): Promise<SimResult> {
  const { timeline, random, names } = world;
  const fleet = startFleet(world, master);
  for (const name of names.slice(0, Math.ceil(names.length * 0.6))) world.sources.set(name, 1);
  master.scan();
  schedule(world, fleet.renew, { every_ms: 7000 });
  schedule(world, () => master.upkeep(), { every_ms: 1000 });
  schedule(world, () => master.scan(), { every_ms: 15_000 });
  const fault = pickFault(world, master, model, fleet);
  schedule(world, () => world.faulty && fault(), { every_ms: 1500 });
  // New films come in all the while.
  const later = names.filter((name) => !world.sources.has(name));
  const arrive = () => {
    const names = later.splice(0, random.between(0, 4));
    // A change may have brought one already, and a version never comes back.
    for (const name of names) if (!world.sources.has(name)) world.sources.set(name, 1);
  };
  schedule(world, arrive, { every_ms: 5000 });

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
  while (later.length > 0 || !allEnded(master, world)) {
    if (timeline.now() > FAULTS_MS + CALM_MS)
      world.fail(`not everything ended: ${JSON.stringify(statuses(master))}`);
    await step();
  }
  model.checkAll(master);
  return {
    seed,
    virtual_s: timeline.now() / 1000,
    moments,
    lives: model.lives(),
    statuses: statuses(master),
    seen: world.seen,
  };
}

function schedule(world: World, duty: () => void, { every_ms }: { every_ms: number }): void {
  world.timeline.after(every_ms, () => {
    duty();
    schedule(world, duty, { every_ms });
  });
}

function calmDown(world: World, master: SimMaster): void {
  world.faulty = false;
  world.libraryFull = false;
  world.note("calm");
  master.setFullDisk(false);
  master.scan();
}

function statuses(master: SimMaster): Record<string, number> {
  const rows = master.database.sqlite
    .query<{ status: string; jobs: number }, []>("select status, count(*) as jobs from jobs group by status")
    .all();
  return Object.fromEntries(rows.map((row) => [row.status, row.jobs]));
}
