import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { VcError } from "../../../src/shared/errors.ts";
import { claimJob } from "../../support/master-test.ts";
import { until } from "../../support/until.ts";
import { FARM_CACHE, type Farm, withFarm } from "./farm.ts";

afterAll(() => rm(FARM_CACHE, { recursive: true, force: true }));

const DONE = `done("converted");`;
const WORKS_ON = `process.send({ type: "progress", progress: { stage: "encoding", percent: 10, fps: 1, speed: 1, eta_s: 9 } });`;

const status = (farm: Farm, source_rel: string, wanted: string) =>
  until(`${source_rel} is ${wanted}`, async () => {
    const job = await farm.job(source_rel);
    return job.status === wanted && job;
  });
const staged = async (farm: Farm) =>
  (await readdir(join(farm.site.converted, ".vc"))).filter((name) => name.includes("partial"));
/** How a worker ended. */
const code = (done: Promise<void>) =>
  done.then(
    () => "ended",
    (error) => (error instanceof VcError ? error.code : String(error)),
  );

/** A second process with the same id, which gets it: the first one cannot answer while the master asks for it. */
async function replacement(farm: Farm, fate: Farm["line"]["fate"] = () => null) {
  farm.line.fate = (call) => (call === "control" ? "away" : fate(call));
  const next = await farm.worker(DONE);
  await until("it is registered", async () => (await next.log()).includes("registered with the master"));
  farm.line.fate = fate;
  return next;
}

test(
  "films are claimed, converted and handed in, and a drain ends the worker",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv", "sub/b.mkv", "c.mkv"]);
      const worker = await farm.worker(DONE, { concurrency: 2 });
      for (const name of ["a.mkv", "sub/b.mkv", "c.mkv"]) await status(farm, name, "completed");
      expect(await readFile(join(farm.site.converted, "sub", "b.mp4"), "utf8")).toBe("converted");
      worker.stop();
      expect(await code(worker.done)).toBe("ended");
      expect(await staged(farm)).toEqual([]);
    }),
  300_000,
);

test(
  "a process that is replaced ends at once, with what it ran; the new one goes on",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      const idle = await farm.worker(WORKS_ON);
      await status(farm, "a.mkv", "processing");
      const next = await replacement(farm);
      expect(await code(idle.done)).toBe("session_replaced");
      await status(farm, "a.mkv", "completed");
      expect(await farm.job("a.mkv")).toMatchObject({ attempt: 2, lost_count: 1, retry_count: 0 });
      expect(await idle.log()).toContain("attempt stopped");
      next.stop();
      expect(await code(next.done)).toBe("ended");
    }),
  300_000,
);

test(
  "an idle process that is replaced does not wait for its next call",
  () =>
    withFarm(async (farm) => {
      await farm.master([]);
      // Neither its next call nor a heartbeat can tell it.
      farm.line.fate = (call) => (call === "next-job" ? "lost" : null);
      const idle = await farm.worker(DONE, { heartbeat_interval: "1h" });
      await until(
        "it listens",
        () => farm.line.calls.includes("control") && farm.line.calls.includes("next-job"),
      );
      await replacement(farm, (call) => (call === "next-job" ? "lost" : null));
      expect(await code(idle.done)).toBe("session_replaced");
    }),
  300_000,
);

test(
  "a master that is away does not hold up a drain beyond its time",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      const worker = await farm.worker(WORKS_ON, { drain_timeout: "200ms" });
      await status(farm, "a.mkv", "processing");
      farm.line.fate = () => "lost";
      worker.stop();
      expect(await code(worker.done)).toBe("ended");
      expect(await staged(farm)).toEqual([]);
    }),
  300_000,
);

test(
  "a film whose hand-in is unanswered stays where the master may still be publishing it",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      const worker = await farm.worker(DONE);
      farm.line.fate = (call) => (call === "job-complete" ? "lost" : null);
      await until("it hands in", () => farm.line.calls.includes("job-complete"));
      worker.stop();
      worker.stop();
      expect(await code(worker.done)).toBe("ended");
      expect(await staged(farm)).toHaveLength(1);
    }),
  300_000,
);

test(
  "a job whose grant was not heard before the drain goes back at once",
  () =>
    withFarm(async (farm) => {
      await farm.master([]);
      const worker = await farm.worker(DONE);
      let first = true;
      farm.line.fate = (call) => {
        const unheard = call === "next-job" && first;
        first &&= !unheard;
        return unheard ? "unheard" : null;
      };
      await until("it waits for work", () => !first);
      await farm.site.film("a.mkv");
      await farm.site.post("/api/scan", {});
      await status(farm, "a.mkv", "processing");
      worker.stop();
      expect(await code(worker.done)).toBe("ended");
      expect(await farm.job("a.mkv")).toMatchObject({ status: "pending", reason: "drained" });
    }),
  300_000,
);

test(
  "the second call to stop hands back what runs, also when the master began the drain",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      const worker = await farm.worker(WORKS_ON);
      await status(farm, "a.mkv", "processing");
      await farm.site.post("/api/workers/w/drain", {});
      await until("it drains", async () => (await worker.log()).includes("draining"));
      const before = farm.line.calls.length;
      worker.stop();
      await until(
        "two more beats",
        () => farm.line.calls.slice(before).filter((call) => call === "heartbeat").length >= 2,
      );
      expect(await farm.job("a.mkv")).toMatchObject({ status: "processing" });
      worker.stop();
      expect(await code(worker.done)).toBe("ended");
      expect(await farm.job("a.mkv")).toMatchObject({ status: "pending", reason: "drained", retry_count: 0 });
    }),
  300_000,
);

test(
  "a master with other folders than before is noticed by the first film that it misses",
  () =>
    withFarm(async (farm) => {
      const first = await farm.master(["a.mkv"]);
      await farm.worker(DONE);
      await status(farm, "a.mkv", "completed");
      await first.stop();
      const moved = join(farm.site.folder, "moved");
      await farm.master(["b.mkv"], { scanner: { output_base: moved }, queue: { retry_delay: "100ms" } });
      await status(farm, "b.mkv", "completed");
      expect(existsSync(join(moved, "b.mp4"))).toBe(true);
      expect(await farm.job("b.mkv")).toMatchObject({ retry_count: 1 });
    }),
  300_000,
);

test(
  "a source that only this machine misses has the mount proven again before the next film",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      await farm.worker(
        `task.order.attempt === 1 ? refuse({ outcome: "skipped", reason: "source_missing", message: "It is gone." }) : done("x");`,
      );
      await status(farm, "a.mkv", "completed");
      const { calls } = farm.line;
      expect(calls.filter((call) => call === "prove-mount")).toHaveLength(2);
      expect(calls.lastIndexOf("prove-mount")).toBeGreaterThan(calls.indexOf("job-failed"));
    }),
  300_000,
);

test(
  "a cancelled film is stopped and thrown away, and the slot is free again",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      await farm.worker(`task.order.source_rel === "a.mkv" ? ${WORKS_ON.slice(0, -1)} : done("x");`);
      const { id } = await status(farm, "a.mkv", "processing");
      await farm.site.post(`/api/jobs/${id}/cancel`, {});
      await farm.site.film("b.mkv");
      await farm.site.post("/api/scan", {});
      await status(farm, "b.mkv", "completed");
      expect(farm.line.calls).not.toContain("job-failed");
    }),
  300_000,
);

test(
  "a master that lost its memory is told again; what it does not know is thrown away",
  () =>
    withFarm(async (farm) => {
      const first = await farm.master(["a.mkv"]);
      await farm.worker(`task.order.attempt === 1 && !require("fs").existsSync(task.source + ".second")
      ? require("fs").writeFileSync(task.source + ".second", "") : done("x");`);
      await status(farm, "a.mkv", "processing");
      await first.stop();
      await rm(join(farm.site.folder, "state"), { recursive: true });
      await farm.master([]);
      await until(
        "it registers again",
        () => farm.line.calls.filter((call) => call === "register").length > 1,
      );
      await status(farm, "a.mkv", "completed");
    }),
  300_000,
);

test(
  "a result that came too late is removed, and the slot goes on",
  () =>
    withFarm(async (farm) => {
      const master = await farm.master(["a.mkv"], { queue: { lease: "1s" } });
      const worker = await farm.worker(DONE);
      let claims = 0;
      farm.line.fate = (call) => {
        if (call === "next-job") claims += 1;
        return ["register", "prove-mount"].includes(call) || (call === "next-job" && claims === 1)
          ? null
          : "away";
      };
      await until("the lease ran out", async () => (await farm.job("a.mkv")).lost_count === 1);
      const other = await claimJob(master, "v");
      expect(other.attempt).toBeGreaterThan(1);
      const held = [{ job_id: other.id, attempt: other.attempt }];
      const renew = () => farm.site.post("/api/worker/job-progress", { worker_id: "v", held });
      const alive = setInterval(renew, 100);
      try {
        await farm.site.film("b.mkv");
        await farm.site.post("/api/scan", {});
        farm.line.fate = () => null;
        await status(farm, "b.mkv", "completed");
        await until("it is told", async () => (await worker.log()).includes("thrown away"));
        expect(await staged(farm)).toEqual([]);
        expect(await farm.job("a.mkv")).toMatchObject({ worker_id: "v", attempt: other.attempt });
      } finally {
        clearInterval(alive);
      }
    }),
  300_000,
);

/** What a worker does for somebody who plays its master. */
async function forged(change: (order: Record<string, unknown>) => unknown[]) {
  const seen = { calls: 0, failed: "" };
  await withFarm(async (farm) => {
    await farm.master(["a.mkv"]);
    farm.line.forge = (call, answer) => {
      if (call !== "next-job" || answer === "") return answer;
      seen.calls += 1;
      const { jobs } = JSON.parse(answer) as { jobs: Record<string, unknown>[] };
      return JSON.stringify({ jobs: jobs.flatMap(change) });
    };
    const worker = await farm.worker(DONE, { concurrency: 2 });
    seen.failed = await until("the worker has answered", async () => {
      const log = await worker.log();
      return /film handed in|attempt failed/.test(log) && log;
    });
    farm.line.forge = (_, answer) => answer;
  });
  return seen;
}

test("no more films are begun than were asked for, and none twice", async () => {
  const { failed } = await forged((order) => [order, order, ...Array.from({ length: 500 }, () => order)]);
  expect(failed.match(/attempt started/g)?.length).toBeLessThanOrEqual(2);
  const ids = (order: object) => Array.from({ length: 500 }, (_, n) => ({ ...order, id: `forged${n}` }));
  const many = await forged((order) => ids(order));
  expect(many.failed.match(/attempt started|attempt failed/g)?.length).toBeLessThanOrEqual(2);
}, 300_000);

test.each([
  ["a staging file of another name", { staging: "canary" }],
  ["a staging file elsewhere", { staging: "../../films/a.mkv" }],
  ["a source elsewhere", { source_rel: "../secret.mkv" }],
])(
  "an order with %s is refused",
  async (_, change) => {
    const { failed } = await forged((order) => [{ ...order, ...change }]);
    expect(failed).toContain("attempt failed");
    expect(failed).not.toContain("attempt started");
  },
  300_000,
);
