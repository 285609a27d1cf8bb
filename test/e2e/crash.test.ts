import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { processesWith, VC } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const noProc = process.platform === "linux" ? null : "looks at processes through /proc";

/** A film that a slow preset takes some seconds for. */
const SLOW = { conversion: { preset: "veryslow" } };
const SOON_LOST = { ...SLOW, queue: { lease: "10s", retry_delay: "1s" } };
const long = { duration_s: 12, size: "480x270" };

const ffmpegs = async (site: Site) =>
  (await processesWith(site.folder)).filter(({ program }) => program.includes("ffmpeg"));
const encodes = (site: Site) =>
  until("ffmpeg encodes", async () =>
    (await ffmpegs(site)).find(({ argv }) => argv.some((part) => part.includes(".partial."))),
  );

async function expectWhole(site: Site): Promise<void> {
  const jobs = await site.settled(1);
  expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", retry_count: 0 });
  expect((await probeFilm(join(site.converted, "film.mp4"))).frames).toBe(300);
  expect(await staged(site)).toEqual([]);
}

const staged = async (site: Site) =>
  (await readdir(join(site.converted, ".vc"))).filter((name) => name.includes(".partial."));

siteTest(
  noProc,
  "a worker killed with -9 leaves no ffmpeg behind, and its film goes to another",
  async (site) => {
    await makeFilm(join(site.films, "film.mkv"), long);
    const master = await site.master(SOON_LOST);
    const first = await site.worker("first");
    await encodes(site);
    first.kill("SIGKILL");
    await until("its ffmpeg is gone", async () => (await ffmpegs(site)).length === 0);
    // It did not go because it was done.
    for (const name of await staged(site))
      expect(await probeFilm(join(site.converted, ".vc", name)).catch(() => "half")).toBe("half");
    await site.worker("second");
    await site.settled(1);
    // Left over by a worker that died with its file open, whether or not this one was killed so late.
    const [{ id } = { id: "" }] = await site.jobs();
    await Bun.write(join(site.converted, ".vc", `${id}.1.partial.mp4`), "half a film");
    master.kill("SIGTERM");
    await master.ended;
    await site.master(SOON_LOST);
    await until("what was left over is gone", async () => (await staged(site)).length === 0);
    await expectWhole(site);
    const [job] = await site.jobs();
    expect(job).toMatchObject({ worker_id: "second", attempt: 2, lost_count: 1 });
  },
);

siteTest(
  noProc,
  "a master killed with -9 in the middle of a film costs nothing: the attempt goes on",
  async (site) => {
    await makeFilm(join(site.films, "film.mkv"), long);
    const master = await site.master(SLOW);
    await site.worker("one");
    const { pid } = await encodes(site);
    master.kill("SIGKILL");
    await master.ended;
    await site.master(SLOW);
    expect((await ffmpegs(site)).map((found) => found.pid)).toContain(pid);
    await expectWhole(site);
    expect(await site.jobs()).toMatchObject([{ attempt: 1, lost_count: 0 }]);
  },
);

siteTest(noProc, "a master that dies while a film is handed in finds it at its next start", async (site) => {
  await makeFilm(join(site.films, "film.mkv"), long);
  const master = await site.master(SLOW);
  const worker = await site.worker("one");
  await encodes(site);
  // A stopped master takes the hand-in's bytes but never answers.
  master.kill("SIGSTOP");
  await until("the attempt's process has ended", async () => {
    const found = await processesWith(VC);
    return !found.some(({ parent, argv }) => parent === worker.pid && argv.includes("__job"));
  });
  master.kill("SIGKILL");
  await master.ended;
  await site.master(SLOW);
  await expectWhole(site);
  expect(await site.jobs()).toMatchObject([{ attempt: 1 }]);
});

siteTest(
  noProc,
  "a master that dies right after the film got its name finishes the hand-in later",
  async (site) => {
    await makeFilm(join(site.films, "film.mkv"));
    const master = await site.master();
    await site.worker("one");
    const published = join(site.converted, "film.mp4");
    // As close to the rename as another process can look.
    await until("the film has its name", () => existsSync(published), { every_ms: 0 });
    master.kill("SIGKILL");
    await master.ended;
    await site.master();
    const jobs = await site.settled(1);
    expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", attempt: 1 });
    expect((await probeFilm(published)).frames).toBe(50);
  },
);

siteTest(noProc, "a worker goes on when its executable is replaced under it", async (site) => {
  await site.master();
  const program = join(site.folder, "vc");
  await copyFile(VC, program);
  const worker = await site.worker("one", { program });
  await until("it has registered", () => worker.log().includes("registered"));
  await rm(program);
  await makeFilm(join(site.films, "film.mkv"));
  const jobs = await site.settled(1);
  expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", attempt: 1 });
});
