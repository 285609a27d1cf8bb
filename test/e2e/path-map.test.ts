import { expect } from "bun:test";
import { mkdir, rename, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const posix = process.platform === "win32" ? "needs symlinks, to mount folders elsewhere" : null;

siteTest(
  posix,
  "a worker with the folders in several places says which map is wrong, and goes on once it is right",
  async (site) => {
    await makeFilm(join(site.films, "a.mkv"), { duration_s: 1, size: "320x180" });
    await mkdir(join(site.films, "old"));
    await makeFilm(join(site.films, "old", "b.mkv"), { duration_s: 1, size: "320x180" });
    const here = join(site.folder, "here");
    await mkdir(join(here, "results", ".vc"), { recursive: true });
    await symlink(site.films, join(here, "films"));
    await symlink(join(site.films, "old"), join(here, "archive"));
    await site.master();
    const path_map = [
      { master: site.films, worker: join(here, "films") },
      { master: join(site.films, "old"), worker: join(here, "archive") },
      { master: site.converted, worker: join(here, "results") },
    ];
    const worker = await site.worker("w1", { settings: { storage: { source: "mount", path_map } } });
    const sentence = `The master does not see what this machine writes into ${join(here, "results", ".vc")}, which is ${site.converted}/.vc of the master's: another folder is mounted there; check storage.path_map.`;
    await until("the wrong map is told", async () => worker.log().includes(sentence));
    await until("people are told", async () =>
      (await site.vc("status")).stdout.includes("check storage.path_map"),
    );

    await rename(join(here, "results"), join(here, "wrong"));
    await symlink(site.converted, join(here, "results"));
    const jobs = await site.settled(2);
    for (const name of ["a.mkv", "old/b.mkv"])
      expect(jobs.get(name)).toMatchObject({ status: "completed", lost_count: 0, retry_count: 0 });
    expect((await stat(join(site.converted, "old", "b.mp4"))).size).toBeGreaterThan(1000);
    await rm(join(here, "wrong"), { recursive: true });
  },
);
