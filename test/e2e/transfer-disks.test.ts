import { expect } from "bun:test";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KEPT_FREE } from "../../src/roles/master/room.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { noSmallDisk, withSmallDisk } from "../support/small-disk.ts";
import { until } from "../support/until.ts";

/** Films that travel over HTTP where the disk of either side is too small for them. */

const MB = 1024 ** 2;
const MASTER = { conversion: { preset: "ultrafast", container: "mkv" }, queue: { retry_delay: "1s" } };
const film = { duration_s: 10, size: "640x480" };

const partials = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((name) => /\.partial\.|\.part$/.test(name));

const worker = (site: Site, source: string, more: Record<string, unknown> = {}) =>
  site.worker("w", { settings: { storage: { source, cache_path: join(site.folder, "cache-w"), ...more } } });

async function expectDone(site: Site, frames: number): Promise<void> {
  const [job] = (await site.settled(1)).values();
  expect(job).toMatchObject({ status: "completed", retry_count: 0, lost_count: 0 });
  expect((await probeFilm(join(site.converted, "a.mkv"))).frames).toBe(frames);
  expect(await partials(join(site.converted, ".vc"))).toEqual([]);
  // A worker clears away what it made once it has the master's answer.
  const left = async () => (await partials(join(site.folder, "cache-w"))).length;
  await until("nothing is left on the worker", async () => (await left()) === 0);
}

siteTest(noSmallDisk, "a result waits for room on the master's disk, and is not made anew", (site) =>
  withSmallDisk(site.converted, KEPT_FREE + 16 * MB, async () => {
    await makeFilm(join(site.films, "a.mkv"), film);
    const filler = join(site.converted, "filler");
    await site.master(MASTER);
    // So slowly that the disk is full long before the result comes.
    const found = await worker(site, "stream", { bandwidth_limit: "400K" });
    await until("it is claimed", async () => (await site.jobs())[0]?.status === "processing");
    await writeFile(filler, new Uint8Array(16 * MB));
    await until("there is no room", () => found.log().includes("cannot travel"));
    expect(found.log()).toContain("has room for");
    const said = "w: a.mkv cannot be sent to the master yet, trying on: the disk of the master's results has";
    await until("people see why", async () => (await site.vc("status")).stdout.includes(said));
    expect((await readdir(site.converted)).toSorted()).toEqual([".vc", "filler"]);
    await rm(filler);
    await expectDone(site, 250);
    expect((await site.jobs())[0]?.attempt).toBe(1);
    await until("it is over", async () => !(await site.vc("status")).stdout.includes("cannot be sent"));
  }),
);

siteTest(noSmallDisk, "a worker whose disk is full says so, and goes on once there is room", (site) =>
  withSmallDisk(join(site.folder, "cache-w"), 20 * MB, async () => {
    await makeFilm(join(site.films, "a.mkv"), film);
    const filler = join(site.folder, "cache-w", "filler");
    await writeFile(filler, new Uint8Array(18.5 * MB));
    await site.master(MASTER);
    // There is no room to download it, so it is streamed; and none for the result.
    const found = await worker(site, "download");
    await until("it is seen", () => found.log().includes("The disk of"));
    expect(found.log()).toContain("there is no room to download this film");
    expect((await site.jobs())[0]).toMatchObject({ retry_count: 0, lost_count: 0 });
    expect(await partials(join(site.converted, ".vc"))).toEqual([]);
    const left = async () => (await partials(join(site.folder, "cache-w", "work"))).length;
    await until("nothing is left of the result", async () => (await left()) === 0);
    await rm(filler);
    await expectDone(site, 250);
  }),
);

siteTest(
  null,
  "a source that is replaced while it is downloaded makes nothing of the mixture",
  async (site) => {
    await makeFilm(join(site.films, "a.mkv"), film);
    await makeFilm(join(site.folder, "new.mkv"), { ...film, duration_s: 4 });
    await site.master(MASTER);
    const found = await worker(site, "download", { bandwidth_limit: "400K" });
    await until("it travels", async () => ((await site.jobs())[0]?.progress?.percent ?? 0) > 20);
    await rename(join(site.folder, "new.mkv"), join(site.films, "a.mkv"));
    await until("it is seen", () => found.log().includes("source_changed"));
    await until("the new one is converted", async () => (await site.jobs())[0]?.status === "completed");
    expect((await probeFilm(join(site.converted, "a.mkv"))).frames).toBe(100);
    expect(await partials(join(site.converted, ".vc"))).toEqual([]);
  },
);
