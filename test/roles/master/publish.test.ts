import { expect, test } from "bun:test";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLedger } from "../../../src/db/ledger.ts";
import type { PublishIntent } from "../../../src/roles/master/coordinator.ts";
import type { Master } from "../../../src/roles/master/index.ts";
import { place } from "../../../src/roles/master/place.ts";
import { openStorage } from "../../../src/roles/master/storage.ts";
import { lookAtFile } from "../../../src/roles/master/walk.ts";
import { claimJob, type MasterSite, withMasterSite } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

type Claimed = Awaited<ReturnType<typeof claimJob>>;

async function withHandIn(
  use: (
    site: MasterSite,
    job: Claimed,
    handIn: () => ReturnType<MasterSite["post"]>,
    master: Master,
  ) => Promise<void>,
) {
  await withMasterSite(async (site) => {
    await site.film("sub/a.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    await writeFile(join(site.converted, ".vc", job.staging), "converted");
    const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
    const body = { job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs };
    await use(site, job, () => site.post("/api/worker/job-complete", body), master);
  });
}
const target = (site: MasterSite) => join(site.converted, "sub", "a.mp4");
const staged = async (site: MasterSite) =>
  (await readdir(join(site.converted, ".vc"))).filter((name) => name.includes("partial"));

test("repeats of one hand-in share one publish and one answer", () =>
  withHandIn(async (site, _, handIn) => {
    const answers = await Promise.all([handIn(), handIn(), handIn()]);
    expect(answers.map((answer) => answer.body)).toEqual(Array(3).fill({ ok: true, status: "completed" }));
    expect(await readFile(target(site), "utf8")).toBe("converted");
    expect((await handIn()).body).toEqual({ ok: true, status: "completed" });
    const database = join(site.folder, "state", "jobs.db");
    expect(readLedger({ path: database, folder: `${database}.backups` })).toHaveLength(1);
  }));

test("a foreign file under the name ends the job with a sentence, and stays", () =>
  withHandIn(async (site, job, handIn) => {
    await mkdir(join(site.converted, "sub"));
    await writeFile(target(site), "mine");
    expect((await handIn()).body).toEqual({ ok: true, status: "failed" });
    expect(await readFile(target(site), "utf8")).toBe("mine");
    expect(await staged(site)).toEqual([]);
    expect((await site.call(`/api/jobs/${job.id}`)).body).toMatchObject({
      job: { status: "failed", reason: "name_taken", error_message: expect.stringContaining("sub/a.mp4") },
    });
  }));

test("a result that was refused and cannot be removed is refused all the same", () =>
  withHandIn(async (site, job, handIn) => {
    await mkdir(join(site.converted, "sub"));
    await writeFile(target(site), "mine");
    // A folder where the master's copy of the result would be: it cannot be removed like a file.
    await mkdir(join(site.converted, ".vc", `${job.staging}copy`));
    expect((await handIn()).body).toEqual({ ok: true, status: "failed" });
    expect((await site.call("/api/status")).body.problems).toEqual([]);
  }));

test("a source that changed meanwhile is converted again, at no cost", () =>
  withHandIn(async (site, job, handIn) => {
    await site.film("sub/a.mkv", "another cut");
    expect((await handIn()).body).toEqual({ ok: true, status: "pending" });
    expect(await staged(site)).toEqual([]);
    expect((await site.call(`/api/jobs/${job.id}`)).body).toMatchObject({
      job: { retry_count: 0, status: "pending" },
    });
  }));

test("a result that is not there is tried again", () =>
  withHandIn(async (site, job, handIn) => {
    await rm(join(site.converted, ".vc", job.staging));
    expect((await handIn()).body).toEqual({ ok: true, status: "pending" });
    expect((await site.call(`/api/jobs/${job.id}`)).body).toMatchObject({
      job: { retry_count: 1 },
      attempts: [{ reason: "output_missing" }],
    });
  }));

test("while the volume is away the result waits, people are told, and it goes on by itself", () =>
  withHandIn(async (site, job, handIn) => {
    await rename(site.converted, `${site.converted}.away`);
    expect(await handIn()).toMatchObject({ status: 503, body: { error: "storage" } });
    expect(await handIn()).toMatchObject({ status: 503, body: { error: "storage" } });
    const status = await site.call("/api/status");
    expect(status.body).toMatchObject({
      publishing: 1,
      problems: [expect.stringContaining("volume mounted")],
    });
    expect((await site.post(`/api/jobs/${job.id}/cancel`, {})).status).toBe(409);
    await rename(`${site.converted}.away`, site.converted);
    await until("it is published", async () => (await site.call("/api/status")).body.completed === 1);
    await until("the problem is over", async () => (await site.call("/readyz")).status === 200);
    expect((await handIn()).body).toEqual({ ok: true, status: "completed" });
  }));

test("what waits to be published when the master ends is published by the next one, also if nobody asks again", () =>
  withHandIn(async (site, _, handIn, master) => {
    await rename(site.converted, `${site.converted}.away`);
    expect(await handIn()).toMatchObject({ status: 503 });
    await master.stop();
    await rename(`${site.converted}.away`, site.converted);
    await site.start();
    await until("it is published", async () => (await site.call("/api/status")).body.completed === 1);
    expect(await readFile(target(site), "utf8")).toBe("converted");
  }));

test("a client without attempt and outputs hands in what it wrote to output_path", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const { body: job } = await site.call("/api/worker/next-job?worker_id=old&gpu_available=true");
    await writeFile(String(job.output_path), "converted");
    const answer = await site.post("/api/worker/job-complete", { job_id: job.id, worker_id: "old" });
    expect(answer.body).toEqual({ ok: true, status: "completed" });
    expect(await readFile(join(site.converted, "a.mp4"), "utf8")).toBe("converted");
  }));

const mount = async (...args: string[]) => (await Bun.spawn(args, { stderr: "ignore" }).exited) === 0;
const canMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-mount-"));
  const mounted = await mount("mount", "-t", "tmpfs", "tmpfs", folder);
  if (mounted) await mount("umount", folder);
  await rm(folder, { recursive: true });
  return mounted;
})();

testOr(
  canMount ? null : "needs the right to mount",
  "a full volume is waited for, and half a copy is never published",
  () =>
    withMasterSite(async (site) => {
      await mkdir(site.converted);
      await mount("mount", "-t", "tmpfs", "-o", "size=1m,uid=65534", "tmpfs", site.converted);
      try {
        const storage = await openStorage({
          root_path: site.films,
          output_base: site.converted,
          root: null,
          local: false,
          waiting: 0,
        });
        await site.film("a.mkv");
        const source = await lookAtFile(site.films, "a.mkv");
        const staging = "0123456789.1.partial.mp4";
        await writeFile(join(storage.staging_path, staging), "x".repeat(600_000));
        await chown(join(storage.staging_path, staging), 1000, 1000);
        await chown(storage.staging_path, 65534, 65534);
        await chmod(site.folder, 0o755);
        const intent: PublishIntent = {
          job_id: "0123456789",
          attempt: 1,
          source_rel: "a.mkv",
          source_size: source?.size ?? 0,
          source_mtime_ns: source?.mtime_ns ?? "",
          outputs: [{ staging, role: "film", output_rel: "a.mp4", size: 600_000, previous: null }],
          stale: [],
          original: null,
        };
        const publish = () => place({ storage, output_mode: 0o644, intent });
        process.seteuid?.(65534);
        await expect(publish()).rejects.toMatchObject({ code: "ENOSPC" });
        expect(await readdir(site.converted)).toEqual([".vc"]);
        process.seteuid?.(0);
        await mount("mount", "-o", "remount,size=3m", site.converted);
        process.seteuid?.(65534);
        expect(await publish()).toMatchObject({ state: "placed", published: [{ size: 600_000 }] });
        expect(await staged(site)).toEqual([]);
      } finally {
        process.seteuid?.(0);
        await mount("umount", "-l", site.converted);
      }
    }),
);
