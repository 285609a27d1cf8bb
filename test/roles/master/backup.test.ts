import { expect, test } from "bun:test";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listBackups } from "../../../src/db/backups.ts";
import { claimJob, withMasterSite } from "../../support/master-test.ts";
import { until } from "../../support/until.ts";

test(
  "a running master backs its database up at the interval, keeps the newest, and an unchanged one only once",
  () =>
    withMasterSite(async (site) => {
      await site.film("a.mkv");
      const folder = join(site.folder, "backups");
      const path = join(site.folder, "state", "jobs.db");
      const master = await site.start({
        database: { backup_interval: "500ms", backup_keep: 2, backup_path: folder },
      });
      await master.scan();
      const backups = () => listBackups({ path, folder });
      const first = await until("a backup", () => backups()[0]);
      const seen = new Set<string>();
      const { id } = await claimJob(master, "w1");
      await until("the oldest of three has gone", async () => {
        await site.post(`/api/jobs/${id}/priority`, { priority: seen.size });
        for (const backup of backups()) seen.add(backup.path);
        return seen.size >= 3 && !backups().some((backup) => backup.path === first.path);
      });
      expect(backups().length).toBeLessThanOrEqual(2);
      expect((await site.call("/readyz")).body).toEqual({ ready: true, problems: [] });
    }),
  300_000,
);

test(
  "a backup that cannot be written is a problem until it can, and stops nothing",
  () =>
    withMasterSite(async (site) => {
      const folder = join(site.folder, "backups");
      await writeFile(folder, "a file stands here");
      await site.start({ database: { backup_interval: "200ms", backup_path: folder } });
      const problems = async () => (await site.call("/api/status")).body.problems as string[];
      await until("the problem is told", async () =>
        (await problems()).some((text) => text.includes(folder)),
      );
      expect((await site.call("/readyz")).status).toBe(200);
      await rm(folder);
      await until("the problem is over", async () => (await problems()).length === 0);
      expect(await readdir(folder)).not.toEqual([]);
    }),
  300_000,
);

test("without an interval nothing is written", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start({ database: { backup_interval: "0" } });
    await master.scan();
    const { id, attempt, staging } = await claimJob(master, "w1");
    await writeFile(join(site.converted, ".vc", staging), "converted");
    const outputs = [{ staging, role: "film", extension: "mp4", size: 9 }];
    await site.post("/api/worker/job-complete", { job_id: id, worker_id: "w1", attempt, outputs });
    expect((await site.call("/api/status")).body.completed).toBe(1);
    const names = await readdir(join(site.folder, "state"));
    expect(names.filter((name) => name.includes("backup"))).toEqual([]);
  }));
