import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { claimJob, type MasterSite, withMasterSite } from "../../support/master-test.ts";

async function reportMissing(site: MasterSite): Promise<unknown> {
  const master = await site.start();
  await master.scan();
  const job = await claimJob(master, "w");
  if (job.source_rel === "gone.mkv") await rm(join(site.films, "gone.mkv"));
  await site.post("/api/worker/job-failed", {
    job_id: job.id,
    worker_id: "w",
    attempt: job.attempt,
    error_message: "The source is gone.",
    outcome: "skipped",
    reason: "source_missing",
  });
  return (await site.call(`/api/jobs/${job.id}`)).body.job;
}

test("a source that is gone for the master too is skipped", () =>
  withMasterSite(async (site) => {
    await site.film("gone.mkv");
    expect(await reportMissing(site)).toMatchObject({ status: "skipped", reason: "source_missing" });
  }));

test("a source that only the worker misses goes to another worker and costs no retry", () =>
  withMasterSite(async (site) => {
    await site.film("there.mkv");
    expect(await reportMissing(site)).toMatchObject({
      status: "pending",
      reason: "mount_lost",
      retry_count: 0,
      lost_count: 1,
      error_message: "The source is gone. The master sees it: check the worker's mount.",
    });
  }));

test("the proof of the storage outlives a restart of the master", () =>
  withMasterSite(async (site) => {
    const nonce = async () => {
      const { body } = await site.post("/api/worker/register", {
        worker_id: "w",
        session: "s",
        hostname: "h",
        version: "1",
        concurrency: 1,
      });
      return (body.storage as { nonce: string }).nonce;
    };
    const first = await site.start();
    const before = await nonce();
    await first.stop();
    await site.start();
    expect(await nonce()).toBe(before);
  }));
