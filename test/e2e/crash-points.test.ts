import { describe, expect } from "bun:test";
import { copyFile, mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CRASH_POINTS, type CrashPoint } from "../../src/shared/crash-point.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Running } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

/**
 * A process dies at each point by which a film passes, and is started again: the film is there once, whole, completed
 * and nothing is left over. Two attempts only where the worker died before the film was handed in.
 */
const TWO_ATTEMPTS: ReadonlySet<string> = new Set(["claim.answered", "claim.begun", "hand_in.calling"]);

/** Those of replaced sources are walked by replace.test.ts. */
const names = (Object.keys(CRASH_POINTS) as CrashPoint[]).filter((name) => !("when" in CRASH_POINTS[name]));
const of = (role: "master" | "worker") => names.filter((name) => CRASH_POINTS[name].role === role);
const masters = of("master");
const half = Math.ceil(masters.length / 2);

/** Each site walks through its points one after the other, with one new film for each. */
describe.concurrent("dying at every crash point of", () => {
  siteTest(null, "the worker", async (site) => {
    const master = await site.master();
    await walk(site, of("worker"), (env) => site.worker("one", { env }));
    // What a dead worker leaves goes after a minute or two, or when a master starts.
    master.kill("SIGTERM");
    await master.ended;
    await site.master();
    await until("nothing is staged", async () => (await staged(site)).length === 0);
  });
  siteTest(null, "the master, up to its first touch of a file", async (site) => {
    await site.worker("one");
    await walk(site, masters.slice(0, half), (env) => site.master({}, env));
  });
  siteTest(null, "the master, from there on", async (site) => {
    await site.worker("one");
    await walk(site, masters.slice(half), (env) => site.master({}, env));
  });
});

async function walk(
  site: Site,
  points: CrashPoint[],
  start: (env: Record<string, string>) => Promise<Running>,
): Promise<void> {
  const film = join(site.folder, "film.mkv");
  await makeFilm(film, { duration_s: 1, size: "128x96" });
  for (const [index, point] of points.entries()) {
    const doomed = await start({ VC_CRASH_AT: point });
    const name = `${point}/film.mkv`;
    await addWhole(film, join(site.films, name));
    await until(`it dies at ${point}`, () => !doomed.alive());
    doomed.kill("SIGKILL");
    const next = await start({});
    const job = await until(`${name} is completed`, async () => {
      const found = (await site.jobs()).find(({ source_rel }) => source_rel === name);
      return ["completed", "failed", "skipped"].includes(found?.status ?? "") && found;
    });
    expect({ point, ...job }).toMatchObject({ point, status: "completed", retry_count: 0 });
    expect({ point, attempts: job.attempt }).toEqual({ point, attempts: TWO_ATTEMPTS.has(point) ? 2 : 1 });
    expect(await filesOf(site)).toEqual(
      points
        .slice(0, index + 1)
        .map((each) => `${each}/film.mp4`)
        .sort(),
    );
    expect((await probeFilm(join(site.converted, point, "film.mp4"))).frames).toBe(25);
    if (CRASH_POINTS[point].role === "master")
      await until(`nothing is staged after ${point}`, async () => (await staged(site)).length === 0);
    next.kill("SIGTERM");
    await next.ended;
  }
}

/** By a rename, as no film settles here before it is taken. */
async function addWhole(film: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await copyFile(film, `${film}.copy`);
  await rename(`${film}.copy`, path);
}

async function filesOf({ converted }: Site): Promise<string[]> {
  const all = await readdir(converted, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(converted.length + 1))
    .filter((path) => !path.startsWith(".vc/"))
    .sort();
}

const staged = async ({ converted }: Site) =>
  (await readdir(join(converted, ".vc"))).filter((name) => name.includes(".partial."));
