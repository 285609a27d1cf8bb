import { expect } from "bun:test";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { processesWith } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const noProc = process.platform === "linux" ? null : "looks at processes through /proc";
const SLOW = { conversion: { preset: "veryslow" } };

const encoders = async (site: Site) =>
  (await processesWith(site.folder)).filter(
    ({ program, argv }) => program.includes("ffmpeg") && argv.some((part) => part.includes(".partial.")),
  );

siteTest(noProc, "a cancel reaches ffmpeg; a retry brings the film back", async (site) => {
  await makeFilm(join(site.films, "film.mkv"), { duration_s: 60, size: "640x360" });
  await site.master(SLOW);
  const worker = await site.worker("one");
  await until("ffmpeg encodes", async () => (await encoders(site)).length === 1);
  const [job] = await site.jobs();
  expect(await site.vc("cancel", job?.id ?? "")).toMatchObject({ exit: 0 });
  await until("ffmpeg is gone", async () => (await encoders(site)).length === 0);
  await until("it was stopped", () => worker.log().includes("attempt stopped"));
  expect(await site.jobs()).toMatchObject([{ status: "cancelled" }]);
  expect(await site.vc("scan")).toMatchObject({ exit: 0 });
  expect((await site.jobs())[0]?.status).toBe("cancelled");

  expect(await site.vc("retry", job?.id ?? "")).toMatchObject({ exit: 0 });
  await until("ffmpeg encodes again", async () => (await encoders(site)).length === 1);
});

siteTest(null, "a drained worker finishes its film, takes no other and ends with 0", async (site) => {
  for (const name of ["a.mkv", "b.mkv"])
    await makeFilm(join(site.films, name), { duration_s: 10, size: "640x360" });
  await site.master(SLOW);
  const worker = await site.worker("one");
  await until("a film is in work", async () => (await site.get("/api/status")).body?.processing === 1);
  expect(await site.vc("drain", "one")).toMatchObject({ exit: 0 });
  expect(await worker.ended).toBe(0);
  const jobs = (await site.jobs()).map(({ status, lost_count }) => ({ status, lost_count }));
  expect(jobs).toContainEqual({ status: "completed", lost_count: 0 });
  expect(jobs).toContainEqual({ status: "pending", lost_count: 0 });
});

siteTest(null, "SIGTERM drains; a second one hands back at once, without costing a retry", async (site) => {
  await makeFilm(join(site.films, "film.mkv"), { duration_s: 60, size: "640x360" });
  await site.master(SLOW);
  const worker = await site.worker("one");
  await until("the film is in work", async () => (await site.get("/api/status")).body?.processing === 1);
  worker.kill("SIGTERM");
  await until("it drains", () => /drain/i.test(worker.log()));
  worker.kill("SIGTERM");
  await worker.ended;
  expect(await site.jobs()).toMatchObject([{ status: "pending", retry_count: 0, lost_count: 0 }]);
});

siteTest(null, "commands say which master they could not reach, and know wrong use", async (site) => {
  const unreachable = await site.vc("status");
  expect(unreachable.exit).toBe(1);
  expect(unreachable.stderr).toContain(site.url);
  expect(unreachable.stderr.trim().split("\n")).toHaveLength(1);
  expect((await site.vc("status", "--nonsense")).exit).toBe(2);
  expect((await site.vc("nonsense")).exit).toBe(2);
  await site.master();
  expect((await site.vc("cancel", "nonsense")).exit).toBe(1);
  expect((await site.vc("jobs", "--json")).exit).toBe(0);
  expect((await site.vc("workers")).exit).toBe(0);
  expect((await site.vc("stats", "--json")).exit).toBe(0);
});
