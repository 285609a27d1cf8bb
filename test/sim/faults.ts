import type { Fleet } from "./fleet.ts";
import type { SimMaster } from "./master.ts";
import type { Model } from "./model.ts";
import type { World } from "./world.ts";

const DAY_MS = 86_400_000;

/** Everything that goes wrong, or that people do at the wrong moment, by weight: one of them every 1.5 s. */
export function pickFault(world: World, master: SimMaster, model: Model, fleet: Fleet): () => void {
  const { random } = world;
  const faults: [number, string, () => void][] = [
    [8, "worker killed", () => random.pick(fleet.workers).kill()],
    [8, "worker frozen", () => random.pick(fleet.workers).freeze(random.between(1000, 30_000))],
    [2, "", () => master.isUp() && master.restart()],
    [3, "", () => master.dieAtCommit(random.pick(["before", "after"]))],
    [4, "database's disk full", () => fillDisk(world, master)],
    [3, "library's disk full", () => fillLibrary(world)],
    [3, "clock jumps", () => master.jumpWallClock(random.between(-60_000, 60_000))],
    [1, "clock jumps by days", () => master.jumpWallClock(random.between(-3, 3) * DAY_MS)],
    [8, "source changes", () => changeSource(world, master)],
    [6, "cancelled", () => personCancels(world, master, model)],
    [6, "retried", () => personRetries(world, master, model)],
    [3, "priority changed", () => personPrefers(world, master)],
    [2, "drained", () => master.person((c, now) => c.drain(random.pick(["w1", "w2", "w3"]), now), ignore)],
    [1, "retried all", () => master.person((c, now) => c.retryFailed(random.between(1, 3), now), ignore)],
  ];
  const bag = faults.flatMap(([weight, name, act]) => Array.from({ length: weight }, () => ({ name, act })));
  return () => {
    const { name, act } = random.pick(bag);
    // Those of the master are counted where it dies.
    if (name !== "") world.count(`fault: ${name}`);
    act();
  };
}

function fillDisk(world: World, master: SimMaster): void {
  master.setFullDisk(true);
  world.timeline.after(world.random.between(50, 5000), () => master.setFullDisk(false));
}

function fillLibrary(world: World): void {
  world.libraryFull = true;
  world.timeline.after(world.random.between(500, 15_000), () => {
    world.libraryFull = false;
  });
}

/** Half of the time one that is being converted; and half of the time the scan sees it at once. */
function changeSource(world: World, master: SimMaster): void {
  const { random, sources } = world;
  const running = master.database.sqlite
    .query<{ source_rel: string }, []>("select source_rel from jobs where status = 'processing' order by 1")
    .all();
  const among = running.length > 0 && random.chance(0.5) ? running.map((row) => row.source_rel) : null;
  const name = random.pick(among ?? world.names);
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

function personPrefers(world: World, master: SimMaster): void {
  const id = anyJob(world, master);
  master.person((c, now) => c.setPriority(id, world.random.between(-5, 5), now), ignore);
}

const ignore = () => {};
