import { Database } from "bun:sqlite";
import { describe, expect } from "bun:test";
import { copyFile, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { CRASH_POINTS, type CrashPoint } from "../../src/shared/crash-point.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Running } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { unlessFull } from "../support/test-or.ts";
import { until } from "../support/until.ts";

const full = unlessFull === null;

/**
 * With storage.replace, the master dies at each point by which a film passes. At that moment, its original is whole, where
 * it belongs or in quarantine, and a whole film stands in its place; started again, the master finishes what it began.
 */
const names = Object.keys(CRASH_POINTS) as CrashPoint[];
const when = (what: string) =>
  names.filter((name) => "when" in CRASH_POINTS[name] && CRASH_POINTS[name].when === what);
/** Those of every publish, which a replacement passes, too: crash-points.test.ts walks them in any case. */
const SHARED: CrashPoint[] = [
  "hand_in.recorded",
  "hand_in.committed",
  "publish.folder_synced",
  "publish.noted",
  "publish.recorded",
  "publish.committed",
];

describe.concurrent("dying while a source is replaced", () => {
  siteTest(null, "by a result with another extension", (site) =>
    walkReplacing(site, "mkv", [...(full ? SHARED : []), ...when("replacing")]),
  );
  siteTest(null, "by a result with the same name", (site) => walkReplacing(site, "mp4", when("replacing")));
  siteTest(null, "or put back, or deleted", walkUndoing);
});

const settings = (site: Site) => ({
  scanner: { output_base: site.films },
  storage: { replace: true },
});

async function walkReplacing(site: Site, extension: string, points: CrashPoint[]): Promise<void> {
  const { film, original } = await filmOf(site, extension);
  await site.worker("one");
  for (const [index, point] of points.entries()) {
    const doomed = await site.master(settings(site), { VC_CRASH_AT: point });
    const rel = `${point}.${extension}`;
    await addWhole(film, join(site.films, rel));
    await until(`it dies at ${point}`, () => !doomed.alive());
    doomed.kill("SIGKILL");
    await expectSafe(site, point, { rel, original });

    const next = await site.master(settings(site));
    const job = await until(`${rel} is completed`, async () => {
      const found = (await site.jobs()).find(({ source_rel }) => source_rel === rel);
      return ["completed", "failed", "skipped"].includes(found?.status ?? "") && found;
    });
    expect({ point, ...job }).toMatchObject({ point, status: "completed", retry_count: 0, attempt: 1 });
    expect(await filmsOf(site)).toEqual(
      points
        .slice(0, index + 1)
        .map((each) => `${each}.mp4`)
        .sort(),
    );
    expect((await probeFilm(join(site.films, `${point}.mp4`))).frames).toBe(25);
    expect(await originalsOf(site, rel)).toEqual([original]);
    if (index === points.length - 1) await scanned(site);
    next.kill("SIGKILL");
    await next.ended;
  }
  await site.master(settings(site));
  expect((await site.jobs()).map(({ status }) => status)).toEqual(points.map(() => "completed"));
  await until("nothing is staged", async () =>
    (await readdir(join(site.films, ".vc"))).every((name) => !name.includes(".partial.")),
  );
}

async function walkUndoing(site: Site): Promise<void> {
  const rounds = ["mkv", "mp4"].flatMap((extension) =>
    // What is deleted lies in quarantine, whatever its result is called.
    [...when("undoing"), ...(full || extension === "mkv" ? when("purging") : [])].map((point) => ({
      point,
      name: `${point}-${extension}`,
      extension,
    })),
  );
  const originals = new Map<string, string>();
  for (const { name, extension } of rounds) {
    const { film, original } = await filmOf(site, extension);
    await addWhole(film, join(site.films, `${name}.${extension}`));
    originals.set(name, original);
  }
  let master = await site.master(settings(site));
  const worker = await site.worker("one");
  await site.settled(rounds.length);
  worker.kill("SIGTERM");
  for (const { point, name, extension } of rounds) {
    const rel = `${name}.${extension}`;
    const original = originals.get(name) ?? "";
    const undoes = point.startsWith("undo.");
    await killed(master);
    const doomed = await site.master(settings(site), { VC_CRASH_AT: point });
    const answered = await site.post(undoes ? "/api/undo" : "/api/purge", { id: rel }).catch(() => null);
    expect({ point, answered }).toEqual({ point, answered: null });
    await until(`it dies at ${point}`, () => !doomed.alive());
    doomed.kill("SIGKILL");
    // What is to be deleted is safe in its result.
    if (undoes) await expectSafe(site, point, { rel, original });
    else expect((await probeFilm(join(site.films, `${name}.mp4`))).frames).toBe(25);

    master = await site.master(settings(site));
    const wanted = undoes
      ? { status: "cancelled", here: [rel] }
      : { status: "completed", here: [`${name}.mp4`] };
    await until(`what was begun before ${point} is ended`, async () => {
      const found = (await site.jobs()).find(({ source_rel }) => source_rel === rel);
      const here = (await filmsOf(site)).filter((each) => each.startsWith(`${name}.`));
      const kept = await originalsOf(site, rel);
      // What is not recorded yet would be the next master's first work, at which it would die.
      const recorded = statesOf(site).every((state) => !["purging", "returning"].includes(state));
      return recorded && kept.length === 0 && Bun.deepEquals({ status: found?.status, here }, wanted);
    });
    if (undoes) expect(await readFile(join(site.films, rel), "base64")).toBe(original);
  }
  await scanned(site);
  for (const { source_rel, status } of await site.jobs())
    expect({ source_rel, status }).toEqual({
      source_rel,
      status: source_rel.startsWith("undo.") ? "cancelled" : "completed",
    });
}

async function killed(master: Running): Promise<void> {
  master.kill("SIGKILL");
  await master.ended;
}

async function filmOf(site: Site, extension: string): Promise<{ film: string; original: string }> {
  const film = join(site.folder, `film.${extension}`);
  await makeFilm(film, { duration_s: 1, size: "128x96" });
  return { film, original: await readFile(film, "base64") };
}

/** By a rename, as no film settles here before it is taken. */
async function addWhole(film: string, path: string): Promise<void> {
  await copyFile(film, `${film}.copy`);
  await rename(`${film}.copy`, path);
}

/** Never neither: the original is whole somewhere, and in its place stands a whole film. */
async function expectSafe(site: Site, point: string, of: { rel: string; original: string }): Promise<void> {
  const own = await readFile(join(site.films, of.rel), "base64").catch(() => null);
  const originals = [own, ...(await originalsOf(site, of.rel))].filter((content) => content === of.original);
  expect({ point, whole: originals.length > 0 }).toEqual({ point, whole: true });
  const standing = own === null ? of.rel.replace(/\.\w+$/, ".mp4") : of.rel;
  expect({ point, frames: (await probeFilm(join(site.films, standing))).frames }).toEqual({
    point,
    frames: 25,
  });
}

async function originalsOf(site: Site, rel: string): Promise<string[]> {
  const folder = join(site.films, ".vc", "originals");
  const all = await readdir(folder, { recursive: true }).catch(() => []);
  const found = all.filter((path) => path.endsWith(`/${rel}`));
  return Promise.all(found.map((path) => readFile(join(folder, path), "base64")));
}

/** Of all that was ever replaced: the API tells of what is kept. */
function statesOf(site: Site): string[] {
  const database = new Database(join(site.folder, "jobs.db"), { readonly: true });
  try {
    return database
      .query<{ state: string }, []>("select state from originals")
      .all()
      .map(({ state }) => state);
  } finally {
    database.close();
  }
}

async function filmsOf(site: Site): Promise<string[]> {
  return (await readdir(site.films)).filter((name) => !name.startsWith(".")).sort();
}

/** A scan that began after now has ended. */
async function scanned(site: Site): Promise<void> {
  const finished = async () => {
    const { scan } = (await site.get("/api/status")).body as { scan: { last_finished_at: string | null } };
    return scan.last_finished_at;
  };
  for (let n = 0; n < 2; n++) {
    const before = await finished();
    await until("another scan has ended", async () => (await finished()) !== before);
  }
}
