import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const REASONS = { "a.avi": "not_smaller", "short.avi": "too_short", "extras/b.avi": "excluded" };

siteTest(null, "what rules leave alone is told, and converted once other rules want it", async (site) => {
  const names = Object.keys(REASONS);
  for (const name of names) {
    await makeFilm(join(site.films, name), { duration_s: name.startsWith("short") ? 1 : 4, size: "160x120" });
  }
  const master = await site.master({
    rules: { exclude: ["extras/**"], skip_shorter_than: "2s", max_size_ratio: 0.01 },
  });
  await site.worker("one");
  const left = await site.settled(names.length);
  expect(Object.fromEntries(names.map((name) => [name, left.get(name)?.reason]))).toEqual(REASONS);
  expect(
    [...left.values()].map(({ status, retry_count, lost_count }) => [status, retry_count, lost_count]),
  ).toEqual(names.map(() => ["skipped", 0, 0]));
  const told = (await site.vc("status")).stdout;
  for (const reason of Object.values(REASONS)) expect(told).toContain(`${reason.replace("_", " ")}: 1`);
  expect((await site.vc("jobs", "extras/b.avi")).stdout).toContain(
    "Left alone: rules.exclude has extras/**.",
  );
  expect((await readdir(site.converted)).filter((name) => name !== ".vc")).toEqual([]);

  master.kill("SIGTERM");
  await master.ended;
  const profile = {
    name: "extras",
    match: "extras",
    conversion: { container: "mkv", target_resolution: "80x60" },
  };
  await site.master({ rules: { max_size_ratio: 100, profiles: [profile] } });
  const completed = await until(
    "all are converted",
    async () => {
      const jobs = await site.jobs();
      return jobs.every(({ status }) => status === "completed") && jobs;
    },
    { deadline_ms: 300_000 },
  );
  expect(completed.map(({ output_rel }) => output_rel).toSorted()).toEqual([
    "a.mp4",
    "extras/b.mkv",
    "short.mp4",
  ]);
  expect(await probeFilm(join(site.converted, "extras", "b.mkv"))).toMatchObject({ width: 80, frames: 100 });
  expect((await site.vc("jobs", "extras/b.avi")).stdout).toContain("Profile: extras");
});
