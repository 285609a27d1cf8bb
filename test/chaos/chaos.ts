import { copyFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { createRandom } from "../sim/random.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { startBadNetwork } from "./bad-network.ts";
import { FAULTS, type Fault, inflict, type Victims } from "./faults.ts";
import { filesBelow, watchTree } from "./watcher.ts";

export type Outcome = {
  clips: number;
  attempts: number;
  faults: Record<Fault, number>;
  /** How the attempts beyond one a clip ended, such as `lost: lease_expired`. */
  extra: Record<string, number>;
  /** What must never be; empty when all went well. */
  breaches: string[];
};

const LEASE_MS = 3000;
const WORKERS = ["one", "two", "three"];
/** Killed again and again, a film needs more tries than anywhere else. */
const QUEUE = {
  lease: `${LEASE_MS}ms`,
  max_retries: 100,
  max_lost: 1000,
  retry_delay: "100ms",
  retry_delay_max: "500ms",
  quarantine: "500ms",
};

/**
 * A farm of the compiled executable that is maltreated until `kills` processes were killed: master, workers and ffmpegs
 * die, workers freeze beyond their leases, the network cuts, delays, swallows and repeats. New clips come in all the
 * while. Then it is left alone until all is done, and everything is looked at.
 */
export async function wreakHavoc(
  site: Site,
  of: { kills: number; seed: number; tell?: (line: string) => void },
): Promise<Outcome> {
  const random = createRandom(of.seed);
  const originals = await makeOriginals(site);
  const network = startBadNetwork({ port: site.port, random });
  const watch = watchTree(site.converted);
  const victims = await startAll(site, network);
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Outcome["faults"];
  const killed = () => faults["kill master"] + faults["kill worker"] + faults["kill ffmpeg"];
  let clips = 0;
  try {
    while (killed() < of.kills) {
      while ((await openJobs(site)) < 2 * WORKERS.length) clips += await addClip(site, originals, clips);
      const fault = random.pick(FAULTS);
      if (await inflict(fault, victims, random)) faults[fault] += 1;
      await Bun.sleep(random.between(0, 700));
      of.tell?.(`${killed()} kills, ${clips} clips`);
    }
    await until(
      "every clip is done",
      async () => (await openJobs(site)) === 0 && (await site.jobs()).length === clips,
      {
        deadline_ms: 300_000,
        every_ms: 250,
      },
    );
    const attempts = await allAttempts(site);
    const breaches = [
      ...(await watch.stop()),
      ...(await judgeResults(site, originals)),
      ...(await leftOvers(site, victims)),
      ...unexplained(attempts, { clips, ffmpegs_killed: faults["kill ffmpeg"] }),
    ];
    return { clips, attempts: attempts.length, faults, extra: countExtra(attempts), breaches };
  } finally {
    await watch.stop();
    network.stop();
  }
}

type Original = { path: string; frames: number };

async function makeOriginals({ folder }: Site): Promise<Original[]> {
  const kinds = [
    { name: "a.mkv", duration_s: 2, size: "320x240" },
    { name: "b.mp4", duration_s: 3, size: "480x270" },
    { name: "c.avi", duration_s: 1, size: "640x360" },
  ];
  return Promise.all(
    kinds.map(async ({ name, ...film }) => {
      const path = join(folder, name);
      await makeFilm(path, film);
      return { path, frames: (await probeFilm(path)).frames };
    }),
  );
}

async function startAll(site: Site, network: Victims["network"]): Promise<Victims> {
  const startMaster = () => site.master({ queue: QUEUE, conversion: { preset: "veryslow" } });
  const startWorker = (id: string) => () =>
    site.worker(id, { settings: { worker: { master_url: network.url } } });
  const master = { running: await startMaster(), start: startMaster };
  const workers = await Promise.all(
    WORKERS.map(async (id) => ({ running: await startWorker(id)(), start: startWorker(id) })),
  );
  return { folder: site.folder, lease_ms: LEASE_MS, master, workers, network };
}

/** Copied beside and then renamed in, as the settling time is zero here. */
async function addClip(site: Site, originals: Original[], number: number): Promise<number> {
  const original = originals[number % originals.length];
  if (original === undefined) return 0;
  const name = `clip ${number} of ${basename(original.path)}`;
  const draft = join(site.films, `.${name}`);
  await copyFile(original.path, draft);
  await Bun.spawn(["mv", draft, join(site.films, name)]).exited;
  await until("the clip is queued", async () => {
    await site.post("/api/scan", {});
    return (await site.jobs()).length > number;
  });
  return 1;
}

const OPEN = ["pending", "processing", "publishing"];

async function openJobs(site: Site): Promise<number> {
  const jobs = await until("the master answers", () => site.jobs());
  return jobs.filter(({ status }) => OPEN.includes(status)).length;
}

/** Every clip is there once, whole, and nothing else is. */
async function judgeResults(site: Site, originals: Original[]): Promise<string[]> {
  const breaches: string[] = [];
  const results = new Set((await filesBelow(site.converted)).keys());
  for (const job of await site.jobs()) {
    const original = originals.find(({ path }) => job.source_rel.endsWith(basename(path)));
    if (job.status !== "completed") breaches.push(`${job.source_rel} is ${job.status}: ${job.error_message}`);
    else if (!results.delete(job.output_rel)) breaches.push(`${job.output_rel} is missing`);
    else {
      const { frames } = await probeFilm(join(site.converted, job.output_rel));
      if (frames !== original?.frames) breaches.push(`${job.output_rel} has ${frames} frames`);
    }
  }
  return [...breaches, ...[...results].map((name) => `${name} is nobody's`)];
}

/** What died workers have left goes with the master's next start. */
async function leftOvers(site: Site, { master, workers }: Victims): Promise<string[]> {
  for (const { running } of [...workers, master]) {
    running.kill("SIGTERM");
    await running.ended;
  }
  const last = await site.master({ queue: QUEUE });
  await until("the last master has swept", async () => (await staged(site)).length === 0, {
    deadline_ms: 60_000,
  }).catch(() => undefined);
  last.kill("SIGTERM");
  await last.ended;
  return (await staged(site)).map((name) => `${name} was left over`);
}

async function staged(site: Site): Promise<string[]> {
  return (await readdir(join(site.converted, ".vc"))).filter((name) => name.includes(".partial."));
}

type Attempt = { outcome: string | null; reason: string | null };

async function allAttempts(site: Site): Promise<Attempt[]> {
  const all: Attempt[] = [];
  for (const { id } of await site.jobs()) {
    const { body } = await site.get(`/api/jobs/${id}`);
    all.push(...((body?.attempts ?? []) as Attempt[]));
  }
  return all;
}

function countExtra(attempts: Attempt[]): Record<string, number> {
  const extra: Record<string, number> = {};
  for (const { outcome, reason } of attempts) {
    if (outcome === "completed") continue;
    const how = `${outcome}: ${reason}`;
    extra[how] = (extra[how] ?? 0) + 1;
  }
  return extra;
}

/** Each clip was completed once, and every other attempt ended by something that was done to it. */
function unexplained(attempts: Attempt[], of: { clips: number; ffmpegs_killed: number }): string[] {
  const completed = attempts.filter(({ outcome }) => outcome === "completed").length;
  const others = attempts.filter(({ outcome }) => outcome !== "completed");
  const strange = others.filter(({ reason }) => ![...TAKEN_AWAY, ...FFMPEG_KILLED].includes(reason ?? ""));
  const by_ffmpeg = others.filter(({ reason }) => FFMPEG_KILLED.includes(reason ?? "")).length;
  return [
    ...(completed === of.clips ? [] : [`${of.clips} clips, but ${completed} attempts were completed`]),
    ...strange.map(
      ({ outcome, reason }) => `an attempt ended as ${outcome} (${reason}), which no fault explains`,
    ),
    ...(by_ffmpeg <= of.ffmpegs_killed
      ? []
      : [`${by_ffmpeg} attempts failed by ffmpeg, of which ${of.ffmpegs_killed} were killed`]),
  ];
}

const TAKEN_AWAY = ["lease_expired", "worker_restarted"];
/** While it encoded, or while the result was verified. */
const FFMPEG_KILLED = ["ffmpeg_failed", "verification_failed"];
