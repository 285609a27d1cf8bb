import { describe, expect, test } from "bun:test";
import { settings } from "../../sim/settings.ts";
import { openQueue, refusal } from "./queue.ts";

describe("workers", () => {
  test("one id on two hosts is refused while the first is alive", () => {
    const queue = openQueue();
    queue.register("w", "s1", "here");
    expect(refusal(() => queue.register("w", "s2", "there"))).toBe("worker_id_taken");
    queue.wait(20_000);
    expect(refusal(() => queue.register("w", "s3", "there"))).toBe("none");
  });

  test("a restart on the same host frees what the old process held; that one must stop", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.register("w", "s1");
    const order = queue.claimOne("w");
    queue.register("w", "s1");
    expect(queue.job(order.id).status).toBe("processing");
    queue.register("w", "s2");
    expect(queue.job(order.id)).toMatchObject({
      status: "pending",
      reason: "worker_restarted",
      lost_count: 1,
    });
    const call = (session: string) =>
      refusal(() => queue.run((c, now) => c.control({ worker_id: "w", session }, now)));
    expect([call("s1"), call("s2"), call("s9")]).toEqual(["session_replaced", "none", "unknown_worker"]);
    expect(refusal(() => queue.register("w", "s1"))).toBe("session_replaced");
  });

  test("a replaced process is told at once, and nobody else", () => {
    const queue = openQueue();
    queue.register("w", "s1");
    queue.register("w", "s1");
    queue.register("v");
    const told = () => queue.events.filter((event) => event.type === "control");
    expect(told()).toEqual([]);
    queue.register("w", "s2");
    expect(told()).toEqual([{ type: "control", worker_id: "w" }]);
  });

  test("a wall clock that is set back keeps no silent worker alive over a restart", () => {
    const queue = openQueue({ offline_after_ms: 120_000 });
    queue.wait(86_400_000);
    queue.register("w", "s1", "here");
    queue.restart();
    queue.setBack(86_400_000);
    queue.wait(0);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("online");
    queue.wait(120_000);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("offline");
    expect(refusal(() => queue.register("w", "s2", "there"))).toBe("none");
  });

  test("hear of a cancel by a new version of their orders", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.register("w");
    const order = queue.claimOne("w");
    const control = () => queue.run((c, now) => c.control({ worker_id: "w", session: "w-1" }, now));
    const before = control();
    queue.run((c, now) => c.cancel(order.id, now));
    expect(control()).toMatchObject({ stop: [{ job_id: order.id, attempt: 1 }], draining: false });
    expect(control().version).not.toBe(before.version);
    expect(queue.events.filter((event) => event.type === "control")).toHaveLength(1);
    queue.run((c, now) => c.progress({ worker_id: "w", held: [] }, now));
    expect(control().stop).toEqual([]);
    queue.restart();
    expect(control().version).not.toBe(before.version);
  });

  const beat = (queue: ReturnType<typeof openQueue>, status: string, of: Record<string, unknown> = {}) =>
    queue.run((c, now) => {
      const machine = { hostname: "w-host", vulkan_available: false, timestamp: "2026-11-22T09:00:00Z" };
      const beat = { worker_id: "w", session: "w-1", status, active_jobs: 0, ...machine, held: [], ...of };
      return c.heartbeat(beat, now);
    });

  test("that drain by themselves say so, and get nothing more", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.register("w");
    expect(beat(queue, "draining")).toEqual({ stop: [], draining: true });
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("draining");
    expect(queue.claim("w")).toEqual([]);
    queue.register("w", "w-2");
    expect(queue.claimOne("w").source_rel).toBe("a.mkv");
  });

  test("tell of their GPUs, until they tell otherwise; a restart of the master forgets nothing", () => {
    const queue = openQueue();
    queue.register("w");
    const told = (of: object) =>
      queue.run((c, now) => {
        const machine = {
          hostname: "h",
          vulkan_available: true,
          active_jobs: 0,
          timestamp: "2026-11-22T09:00:00Z",
        };
        c.heartbeat({ worker_id: "w", session: "w-1", status: "idle", ...machine, ...of }, now);
      });
    const seen = () => queue.run((c, now) => c.workers(now))[0];
    expect(seen()).toMatchObject({ gpus: [], gpu_name: null, gpu_usage: null, vulkan_available: false });
    const gpus = [
      { name: "NVIDIA L4", usage: 87.3, state: "ok" as const },
      { name: "NVIDIA L4", state: "parked" as const, problem: "it failed three films" },
    ];
    told({ gpu: "2x NVIDIA L4", gpu_usage: 87.3, gpus });
    queue.restart();
    expect(seen()).toMatchObject({ gpus, gpu_name: "2x NVIDIA L4", gpu_usage: 87.3, vulkan_available: true });
    expect(queue.events.findLast((event) => event.type === "worker")).toMatchObject({ worker: { gpus } });
    told({ gpu: "an old client's" });
    expect(seen()).toMatchObject({ gpus: [], gpu_name: "an old client's", gpu_usage: null });
  });

  test("that say goodbye are offline at once; what they still held goes to others, and their id is free", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.register("w");
    const { id } = queue.claimOne("w");
    beat(queue, "stopped");
    expect(queue.run((c, now) => c.workers(now))).toMatchObject([{ status: "offline", active_jobs: 0 }]);
    expect(queue.job(id)).toMatchObject({ status: "pending", reason: "drained", lost_count: 0 });
    expect(refusal(() => queue.register("w", "s2", "another host"))).toBe("none");
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("online");
  });

  test("that say goodbye keep what they have finished, for a lease; no others do", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    queue.register("w", "s1");
    const finished = queue.claimOne("w");
    const begun = queue.claimOne("w");
    const held = [{ job_id: finished.id, attempt: finished.attempt }];
    queue.register("v");
    beat(queue, "stopped", { worker_id: "v", session: "v-1", held });
    beat(queue, "stopped", { session: "s1", held });
    expect(queue.job(begun.id)).toMatchObject({ status: "pending", reason: "drained" });
    expect(queue.job(finished.id)).toMatchObject({ status: "processing", worker_id: "w" });
    const next = { worker_id: "w", session: "s2", hostname: "w-host", version: "1", concurrency: 1 };
    queue.run((c, now) => c.register({ ...next, finished: held }, now));
    queue.run((c, now) => c.progress({ worker_id: "w", session: "s2", held }, now));
    expect(queue.job(finished.id)).toMatchObject({ status: "processing", attempt: 1, lost_count: 0 });
    beat(queue, "stopped", { session: "s2", held });
    queue.wait(settings.lease_ms + 1);
    expect(queue.job(finished.id)).toMatchObject({ status: "pending", reason: "lease_expired" });
  });

  const DAY_MS = 86_400_000;
  const known = (queue: ReturnType<typeof openQueue>) =>
    queue.run((c, now) => c.workers(now)).map((worker) => worker.id);
  const sessions = (queue: ReturnType<typeof openQueue>) =>
    queue.database.sqlite.query<{ id: string }, []>("select id from sessions order by id").all();

  test("that were away for a month are forgotten, with their sessions; what they spent stays in the sums", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    for (const worker_id of ["v", "w"]) {
      queue.register(worker_id);
      const order = queue.claimOne(worker_id);
      const report = { encode_ms: 900, verify_ms: 50 };
      queue.run((c, now) => c.beginPublish({ job_id: order.id, attempt: 1, worker_id, report }, now));
      queue.publish(worker_id, order);
    }
    const spent = () => queue.run((c, now) => c.stats(now));
    const before = spent();
    expect(before).toMatchObject({ encode_seconds: 1.8, verify_seconds: 0.1 });
    queue.wait(29 * DAY_MS);
    queue.register("v");
    expect(known(queue)).toEqual(["v", "w"]);
    queue.wait(2 * DAY_MS);
    expect(known(queue)).toEqual(["v"]);
    expect(sessions(queue)).toEqual([{ id: "v-1" }]);
    queue.wait(31 * DAY_MS);
    expect(known(queue)).toEqual([]);
    expect(spent()).toMatchObject({ encode_seconds: 1.8, verify_seconds: 0.1, by_worker: [] });
    queue.register("w");
    expect(known(queue)).toEqual(["w"]);
  });

  test("forget replaced sessions after a month, and none that may still speak", () => {
    const queue = openQueue();
    for (const session of ["s1", "s2", "s3"]) {
      queue.register("w", session);
      queue.wait(1000);
    }
    queue.wait(29 * DAY_MS);
    expect(sessions(queue)).toHaveLength(3);
    queue.register("w", "s4");
    queue.wait(2 * DAY_MS);
    // s3 was replaced two days ago.
    expect(sessions(queue).map(({ id }) => id)).toEqual(["s3", "s4"]);
    expect(refusal(() => queue.register("w", "s3"))).toBe("session_replaced");
  });

  test("that are heard are not forgotten when the wall clock jumps ahead", () => {
    const queue = openQueue();
    queue.register("w");
    queue.wait(0);
    queue.wait(3_600_000 - 10);
    queue.register("w");
    queue.setBack(-60 * DAY_MS);
    queue.wait(10);
    expect(known(queue)).toEqual(["w"]);
  });

  test("that are silent are told of once, when that begins", () => {
    const queue = openQueue({ offline_after_ms: 120_000 });
    queue.register("w");
    const told = () => queue.events.filter((event) => event.type === "worker").length;
    const before = told();
    for (let second = 0; second < 119; second++) queue.wait(1000);
    expect(told()).toBe(before);
    for (let second = 0; second < 5; second++) queue.wait(1000);
    expect(told()).toBe(before + 1);
    expect(queue.events.at(-1)).toMatchObject({ type: "worker", worker: { status: "offline" } });
  });

  test("are offline after two silent minutes", () => {
    const queue = openQueue({ offline_after_ms: 120_000 });
    queue.register("w");
    queue.wait(119_999);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("online");
    queue.wait(1);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("offline");
  });
});
