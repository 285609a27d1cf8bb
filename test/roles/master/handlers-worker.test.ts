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

test("several failures are reported in one call; one that is refused hinders no other, and repeats get the same answer", () =>
  withMasterSite(async (site) => {
    for (const name of ["a", "b", "c"]) await site.film(`${name}.mkv`);
    const master = await site.start();
    await master.scan();
    const jobs = [await claimJob(master, "w"), await claimJob(master, "w"), await claimJob(master, "other")];
    const [first, second, foreign] = jobs.map(({ id, attempt }) => ({ job_id: id, attempt }));
    const reports = [
      { ...first, error_message: "It is broken.", outcome: "permanent", reason: "source_damaged" },
      { ...foreign, error_message: "Not mine.", worker_id: "other" },
      { job_id: "nothing", attempt: 1, error_message: "There is none." },
      { ...second, error_message: "It stopped.", reason: "ffmpeg_failed" },
    ];
    const expected = {
      answers: [
        { ok: true, status: "failed" },
        { ok: false, error: "stale_attempt", message: expect.stringContaining("does not hold") },
        { ok: false, error: "not_found", message: expect.any(String) },
        { ok: true, status: "pending" },
      ],
    };
    for (const _time of [1, 2]) {
      const answer = await site.post("/api/worker/jobs-failed", { worker_id: "w", reports });
      expect(answer).toMatchObject({ status: 200, body: expected });
    }
    expect((await site.call("/api/status")).body).toMatchObject({ failed: 1, pending: 1, processing: 1 });
    for (const wrong of [[], Array.from({ length: 65 }, () => reports[0]), "x"])
      expect(await site.post("/api/worker/jobs-failed", { worker_id: "w", reports: wrong })).toMatchObject({
        status: 400,
        body: { error: "bad_request" },
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

test("an id whose process lives is refused to another one on the same host; one that does not answer is replaced", () =>
  withMasterSite(async (site) => {
    await site.start();
    const register = async (session: string) => {
      const who = { worker_id: "w", session, hostname: "h", version: "1", concurrency: 1 };
      return (await site.post("/api/worker/register", who)).body;
    };
    const control = (session: string, seen = "", signal: AbortSignal | null = null) =>
      site.call(`/api/worker/control?worker_id=w&session=${session}&wait_ms=60000&seen=${seen}`, { signal });
    const registered = { lease_ms: expect.any(Number) };
    expect(await register("first")).toMatchObject(registered);
    const seen = encodeURIComponent(String((await control("first")).body.version));

    // It lives: it calls again and again.
    const life = new AbortController();
    const first = (async () => {
      while (!life.signal.aborted) await control("first", seen, life.signal).catch(() => null);
    })();
    expect(await register("second")).toMatchObject({
      error: "worker_id_taken",
      message: expect.stringContaining("--id"),
    });
    expect(await register("first")).toMatchObject(registered);
    life.abort();
    await first;

    // Its last call still waits, as after a power cut, but nobody calls again once it is answered.
    const last = control("first", seen);
    expect(await register("second")).toMatchObject(registered);
    expect((await last).status).toBe(200);
    expect((await control("first", seen)).body).toMatchObject({ error: "session_replaced" });
    expect(await register("third")).toMatchObject(registered);
  }));
