import { expect, test } from "bun:test";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeBackup } from "../../../src/db/backups.ts";
import type { Master } from "../../../src/roles/master/index.ts";
import { findBackups, restore } from "../../../src/roles/master/restore.ts";
import { VcError } from "../../../src/shared/errors.ts";
import { claimJob, configOf, type MasterSite, withMasterSite } from "../../support/master-test.ts";

type Claimed = Awaited<ReturnType<typeof claimJob>>;

/** The body of a hand-in by w1, after its file was staged. */
async function stage(site: MasterSite, job: Claimed) {
  await writeFile(join(site.converted, ".vc", job.staging), "converted");
  const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
  return { job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs };
}

const damage = (path: string) => truncate(path, 5000);

async function backedUp(site: MasterSite) {
  const { database } = configOf(site.folder, {});
  const { folder } = findBackups(database);
  await makeBackup({ path: database.path, folder, keep: 3, now: new Date() });
  return database;
}

async function scanned(master: Master): Promise<Master> {
  await master.scan();
  return master;
}

test("an attempt from after the backup is refused after a restore, although its number could have come again", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const before = await scanned(await site.start());
    const database = await backedUp(site);
    const old = await claimJob(before, "w1");
    const hand_in = await stage(site, old);
    await before.stop();
    await damage(database.path);
    await expect(site.start()).rejects.toMatchObject({ code: "damaged" });
    expect(await restore(database, null)).toMatchObject({ films: 1, published_since: 0 });

    const after = await scanned(await site.start());
    const renewed = await claimJob(after, "w1");
    expect(renewed.id).toBe(old.id);
    expect(renewed.attempt).toBeGreaterThan(old.attempt + 1000);
    expect(await site.post("/api/worker/job-complete", hand_in)).toMatchObject({
      status: 409,
      body: { error: "stale_attempt" },
    });
    const done = await site.post("/api/worker/job-complete", await stage(site, renewed));
    expect(done.body).toEqual({ ok: true, status: "completed" });
  }));

test("an attempt that runs since before the backup goes on after a restore", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const before = await scanned(await site.start());
    const job = await claimJob(before, "w1");
    const database = await backedUp(site);
    await before.stop();
    await damage(database.path);
    await restore(database, null);
    await site.start();
    const done = await site.post("/api/worker/job-complete", await stage(site, job));
    expect(done.body).toEqual({ ok: true, status: "completed" });
  }));

test("films that were published since the backup are known after a restore, and stay vc's own", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const before = await scanned(await site.start());
    const database = await backedUp(site);
    await site.film("b.mkv");
    await before.scan();
    for (let films = 2; films > 0; films--) {
      const job = await claimJob(before, "w1");
      await site.post("/api/worker/job-complete", await stage(site, job));
    }
    await before.stop();
    await damage(database.path);
    expect(await restore(database, null)).toMatchObject({ films: 2, published_since: 2 });

    const after = await scanned(await site.start());
    expect((await site.call("/api/status")).body).toMatchObject({ completed: 2, pending: 0, total: 2 });
    const { jobs } = (await site.call("/api/jobs")).body as { jobs: { source_path: string }[] };
    const paths = jobs.map((job) => job.source_path).sort();
    expect(paths).toEqual(["a.mkv", "b.mkv"].map((name) => join(site.films, name)));
    // A changed source may replace what vc published, also when only the ledger knew of it.
    await site.film("b.mkv", "another cut");
    await after.scan();
    const again = await claimJob(after, "w1");
    const done = await site.post("/api/worker/job-complete", await stage(site, again));
    expect(done.body).toEqual({ ok: true, status: "completed" });
  }));

test("while a master runs nothing is restored, and what does not exist is told", () =>
  withMasterSite(async (site) => {
    const master = await site.start();
    const { database } = configOf(site.folder, {});
    await expect(restore(database, null)).rejects.toMatchObject({ code: "failed" });
    await backedUp(site);
    await expect(restore(database, null)).rejects.toMatchObject({ code: "locked" });
    await master.stop();
    const missing = await restore(database, "other.db").catch((error) => error);
    expect(missing).toBeInstanceOf(VcError);
    expect(missing.message).toContain("There is no backup other.db");
  }));
