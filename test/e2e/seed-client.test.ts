import { expect } from "bun:test";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

/** Clients written to the first description of the wire format: no protocol, session, claim_id or attempt. */
const NEXT = "/api/worker/next-job?worker_id=worker-1&gpu_available=true";

type Order = { id: string; source_path: string; output_path: string; status: string; created_at: string };

async function claim(site: Site): Promise<Order> {
  const { body } = await until("there is a job", async () => {
    const reply = await site.get(NEXT);
    return reply.status === 200 && reply;
  });
  return body as Order;
}

const heartbeat = {
  worker_id: "worker-1",
  hostname: "compute-1",
  vulkan_available: true,
  active_jobs: 2,
  status: "healthy",
  timestamp: "2025-11-07T20:56:59.123456789+01:00",
  gpu: "NVIDIA GeForce RTX 3080",
  cpu_usage: 45.2,
  memory_usage: 62.1,
};

siteTest(null, "claim, heartbeat and completion work as they did, without the new fields", async (site) => {
  await makeFilm(join(site.films, "film.mkv"));
  await site.master();
  const order = await claim(site);
  expect(order.source_path).toBe(join(site.films, "film.mkv"));
  expect(order.status).toBe("processing");
  expect(order.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect((await site.get(NEXT)).status).toBe(204);
  expect((await site.post("/api/worker/heartbeat", heartbeat)).status).toBe(200);
  expect((await site.get("/api/status")).body).toMatchObject({
    processing: 1,
    pending: 0,
    completed: 0,
    failed: 0,
  });

  await makeFilm(order.output_path);
  const done = { job_id: order.id, worker_id: "worker-1" };
  const completed = { status: 200, body: { ok: true, status: "completed" } };
  expect(await site.post("/api/worker/job-complete", done)).toEqual(completed);
  expect(await site.post("/api/worker/job-complete", done)).toEqual(completed);
  const jobs = await site.settled(1);
  expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", output_rel: "film.mp4" });
  const published = join(site.converted, "film.mp4");
  expect((await stat(published)).size).toBe(jobs.get("film.mkv")?.output_size ?? -1);
  expect((await probeFilm(published)).frames).toBe(50);
  expect((await site.get("/api/stats")).body).toMatchObject({ timestamp: expect.any(String) });
});

siteTest(null, "a reported failure is tried again, and a wrong size is not published", async (site) => {
  await makeFilm(join(site.films, "film.mkv"));
  await site.master({ queue: { retry_delay: "100ms" } });
  const first = await claim(site);
  const failure = { job_id: first.id, worker_id: "worker-1", error_message: "ffmpeg: codec not found" };
  expect((await site.post("/api/worker/job-failed", failure)).status).toBe(200);
  const second = await claim(site);
  expect(second.id).toBe(first.id);
  expect(await site.jobs()).toMatchObject([{ retry_count: 1, attempt: 2, status: "processing" }]);

  await makeFilm(second.output_path);
  const wrong = { job_id: second.id, worker_id: "worker-1", output_size: 1_073_741_824 };
  await site.post("/api/worker/job-complete", wrong);
  const third = await claim(site);
  expect(await Bun.file(join(site.converted, "film.mp4")).exists()).toBe(false);
  await makeFilm(third.output_path);
  await chmod(third.output_path, 0o600);
  const { size } = await stat(third.output_path);
  const right = { job_id: third.id, worker_id: "worker-1", output_size: size };
  expect((await site.post("/api/worker/job-complete", right)).status).toBe(200);
  expect((await stat(join(site.converted, "film.mp4"))).mode & 0o777).toBe(0o644);
});

siteTest(
  null,
  "a client that holds nothing is refused, and wrong calls are answered with why",
  async (site) => {
    await makeFilm(join(site.films, "film.mkv"));
    await site.master();
    const { id } = await claim(site);
    const stranger = { job_id: id, worker_id: "worker-2", output_size: 1 };
    expect(await site.post("/api/worker/job-complete", stranger)).toMatchObject({
      status: 409,
      body: { error: "stale_attempt", message: expect.any(String) },
    });
    expect(await site.post("/api/worker/job-complete", { worker_id: "worker-1" })).toMatchObject({
      status: 400,
      body: { error: "bad_request", message: expect.stringContaining("job_id") },
    });
    expect((await site.get("/api/worker/job-complete")).status).toBe(405);
    expect((await site.get("/api/nothing")).status).toBe(404);
    expect(await site.jobs()).toMatchObject([{ status: "processing" }]);
  },
);
