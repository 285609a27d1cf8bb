import { expect } from "bun:test";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { hostileNames } from "../support/hostile-names.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const linux = process.platform === "linux" ? null : "makes names that only Linux's file systems take";

/** One of each kind; the queue is tried with 2,000 in test/roles/master/scanner.test.ts. */
siteTest(
  linux,
  "films with hostile names are converted, and those that no program can open are reported",
  async (site) => {
    const clip = join(site.folder, "clip.mkv");
    await makeFilm(clip, { duration_s: 1, size: "128x96" });
    const names = hostileNames(11, 23);
    for (const { bytes } of names)
      await copyFile(clip, Buffer.concat([Buffer.from(`${site.films}/`), bytes]));
    const good = names.filter(({ utf8 }) => utf8).map(({ bytes }) => bytes.toString());
    expect(good.length).toBeGreaterThanOrEqual(19);
    await site.master();
    await site.worker("one", { settings: { worker: { concurrency: 2 } } });

    const jobs = await site.settled(good.length);
    expect([...jobs.keys()].toSorted()).toEqual(good.toSorted());
    for (const { source_rel, status, error_message, output_rel } of jobs.values()) {
      expect({ source_rel, status, error_message }).toEqual({
        source_rel,
        status: "completed",
        error_message: null,
      });
      expect(await probeFilm(join(site.converted, output_rel))).toMatchObject({ codec: "h264", frames: 25 });
    }
    const published = (await readdir(site.converted)).filter((name) => name !== ".vc");
    expect(published.toSorted()).toEqual([...jobs.values()].map(({ output_rel }) => output_rel).toSorted());
    const problems = await until("the names are reported", async () => {
      const { body } = await site.get("/api/status");
      return ((body?.problems ?? []) as string[]).find((problem) =>
        problem.includes(`${names.length - good.length} `),
      );
    });
    expect(problems).toMatch(/%/);
  },
);
