import { expect } from "bun:test";
import { copyFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

siteTest(
  null,
  "two workers convert a whole library, each film once, and the tree is repeated",
  async (site) => {
    const good = ["plain.mkv", "Ein Ärger (2019)/Ein Ärger.avi", "a/b/c/deep.mp4", "LOUD.MKV", "100%.mkv"];
    for (const name of good) await makeFilm(join(site.films, name));
    await copyFile(join(site.films, "plain.mkv"), join(site.films, "plain.avi"));
    await writeFile(join(site.films, "notes.txt"), "not a film");
    await writeFile(join(site.films, ".hidden.mkv"), "not a film");
    await writeFile(join(site.films, "letter.mp4"), "Dear reader, this is not a film at all.\n".repeat(100));
    await site.master();
    await Promise.all([site.worker("one"), site.worker("two")]);

    const jobs = await site.settled(7);
    const outcome = Object.fromEntries([...jobs].map(([name, job]) => [name, job.status]));
    expect(outcome).toEqual({
      ...Object.fromEntries([...good, "plain.avi"].map((name) => [name, "completed"])),
      "letter.mp4": "skipped",
    });
    for (const job of jobs.values()) {
      expect(job).toMatchObject({ attempt: 1, retry_count: 0, lost_count: 0 });
      if (job.status !== "completed") continue;
      const film = join(site.converted, job.output_rel);
      expect(await probeFilm(film)).toMatchObject({ codec: "h264", width: 320, frames: 50 });
      expect((await stat(film)).size).toBe(job.output_size ?? -1);
    }
    expect(jobs.get("letter.mp4")).toMatchObject({ reason: "not_a_video" });
    expect(jobs.get("a/b/c/deep.mp4")?.output_rel).toBe("a/b/c/deep.mp4");
    expect(await readdir(join(site.converted, ".vc"))).not.toContainEqual(
      expect.stringContaining(".partial."),
    );

    const status = await site.vc("status");
    expect(status).toMatchObject({ exit: 0 });
    expect(status.stdout).toContain("6");
    expect(JSON.parse((await site.vc("status", "--json")).stdout)).toMatchObject({
      completed: 6,
      skipped: 1,
    });
  },
);

siteTest(null, "a rescan leaves what is done alone; a changed source is converted anew", async (site) => {
  await makeFilm(join(site.films, "film.mkv"));
  await site.master();
  await site.worker("one");
  await site.settled(1);
  const before = await stat(join(site.converted, "film.mp4"));

  expect(await site.vc("scan")).toMatchObject({ exit: 0 });
  await makeFilm(join(site.films, "other.mkv"));
  await site.settled(2);
  expect((await stat(join(site.converted, "film.mp4"))).mtimeMs).toBe(before.mtimeMs);

  await makeFilm(join(site.films, "film.mkv"), { duration_s: 4 });
  await until("the longer film is published", async () => {
    const { frames } = await probeFilm(join(site.converted, "film.mp4"));
    return frames === 100;
  });
  const [again] = [...(await site.settled(2)).values()].filter(({ source_rel }) => source_rel === "film.mkv");
  expect(again).toMatchObject({ status: "completed", attempt: 2 });
});

siteTest(null, "a file that vc did not make keeps its name, and the job says so", async (site) => {
  await makeFilm(join(site.films, "film.mkv"));
  await writeFile(join(site.converted, "film.mp4"), "mine");
  await site.master();
  await site.worker("one");
  const jobs = await site.settled(1);
  expect(jobs.get("film.mkv")).toMatchObject({ status: "failed", reason: "name_taken", retry_count: 0 });
  expect(jobs.get("film.mkv")?.error_message).toContain("film.mp4");
  expect(await Bun.file(join(site.converted, "film.mp4")).text()).toBe("mine");
});
