import { describe, expect, test } from "bun:test";
import type { JobOrder, Output } from "../../../src/shared/job.ts";
import { settings } from "../../sim/settings.ts";
import { openQueue, refusal } from "./queue.ts";

describe("claims", () => {
  test("go by priority, then by age, several at once, each with a new attempt", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv", "c.mkv");
    queue.run((c, now) => c.setPriority("c.mkv", 5, now));
    expect(queue.claim("w", "k", 2).map((order) => order.source_rel)).toEqual(["c.mkv", "a.mkv"]);
    expect(queue.claimOne("w")).toMatchObject({ source_rel: "b.mkv", attempt: 1, output_rel: "b.mp4" });
    expect(queue.claim("w")).toEqual([]);
  });

  test("repeated give the same jobs while they are held, and nothing afterwards", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    const first = queue.claim("w", "k");
    expect(queue.claim("w", "k")).toEqual(first);
    for (const order of first) queue.fail("w", order);
    expect(queue.claim("w", "k")).toEqual([]);
    expect(queue.job("b.mkv").status).toBe("pending");
  });

  test("give nothing to a draining worker until it registers anew", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.register("w");
    queue.run((c, now) => c.drain("w", now));
    expect(queue.claim("w")).toEqual([]);
    queue.restart();
    expect(queue.claim("w")).toEqual([]);
    queue.register("w", "w-2");
    expect(queue.claim("w")).toHaveLength(1);
  });

  test("wait for a back-off, but not for one that was set while the wall clock was ahead", () => {
    const queue = openQueue({ retry_delay_ms: 2000, retry_delay_max_ms: 10_000 });
    queue.add("a.mkv");
    const failed = () => {
      queue.fail("w", queue.claimOne("w"));
      return queue.claim("w");
    };
    expect(failed()).toEqual([]);
    queue.setBack(500);
    expect(queue.claim("w")).toEqual([]);
    queue.wait(2500);
    expect(failed()).toEqual([]);
    queue.setBack(86_400_000);
    expect(failed()).toEqual([]);
    queue.setBack(86_400_000);
    queue.events.length = 0;
    queue.wait(0);
    expect(queue.events).toContainEqual({ type: "queued" });
    expect(queue.claim("w")).toHaveLength(1);
  });

  test("of the seed's clients get the staging file as output_path, and may leave the attempt out", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const job = queue.run((c, now) => c.claim({ worker_id: "old" }, now));
    if (job === null || "jobs" in job) throw new Error("expected one job");
    expect(job.output_path).toBe(`/converted/.vc/${job.id}.1.partial.mp4`);
    const hand = { job_id: job.id, worker_id: "old", output_size: 7 };
    expect(queue.run((c, now) => c.beginPublish(hand, now))).toMatchObject({ state: "publish" });
    expect(refusal(() => queue.run((c, now) => c.beginPublish({ ...hand, worker_id: "x" }, now)))).toBe(
      "stale_attempt",
    );
  });

  test("by our protocol need the attempt", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const { id: job_id } = queue.claimOne("w");
    expect(refusal(() => queue.run((c, now) => c.beginPublish({ job_id, worker_id: "w" }, now)))).toBe(
      "bad_request",
    );
  });

  test("follow a changed container with a new name", () => {
    const queue = openQueue();
    queue.add("a.avi");
    queue.restart({ conversion: { ...settings.conversion, container: "mkv" } });
    expect(queue.claimOne("w")).toMatchObject({
      output_rel: "a.mkv",
      staging: expect.stringMatching(/\.mkv$/),
    });
  });
});

describe("leases", () => {
  test("run out, and the attempt may resume or hand in until another claim replaces it", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    queue.wait(0);
    queue.wait(10_001);
    expect(queue.job(order.id)).toMatchObject({ status: "pending", lost_count: 1, reason: "lease_expired" });
    expect(queue.hold("w", order)).toEqual({ stop: [], draining: false });
    expect(queue.job(order.id)).toMatchObject({ status: "processing", lost_count: 0, worker_id: "w" });
    queue.wait(10_001);
    expect(queue.publish("w", order)).toBe("completed");
  });

  test("once replaced, the old attempt changes nothing and is told to stop", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const old = queue.claimOne("w1");
    queue.wait(0);
    queue.wait(10_001);
    const order = queue.claimOne("w2");
    const before = queue.store.job(order.id);
    expect(refusal(() => queue.handIn("w1", old))).toBe("stale_attempt");
    expect(refusal(() => queue.fail("w1", old))).toBe("stale_attempt");
    expect(queue.hold("w1", old).stop).toEqual([{ job_id: old.id, attempt: 1 }]);
    expect(queue.store.job(order.id)).toEqual(before);
    expect(order.attempt).toBe(2);
  });

  test("are of the worker that claimed: another one can neither hand in nor fail what it does not have", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w1");
    const before = queue.store.job(order.id);
    expect(refusal(() => queue.handIn("w2", order))).toBe("stale_attempt");
    expect(refusal(() => queue.fail("w2", order))).toBe("stale_attempt");
    expect(queue.store.job(order.id)).toEqual(before);
    expect(queue.publish("w1", order)).toBe("completed");
  });

  test("are full again after the master restarted, by its new clock", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    queue.wait(9000);
    queue.restart();
    queue.wait(0);
    queue.wait(9000);
    expect(queue.job(order.id).status).toBe("processing");
    queue.wait(1001);
    expect(queue.job(order.id).status).toBe("pending");
  });

  test("lost too often give the job up", () => {
    const queue = openQueue({ max_lost: 2 });
    queue.add("a.mkv");
    queue.claimOne("w");
    queue.wait(60_001);
    queue.fail("w", queue.claimOne("w"), { reason: "mount_lost" });
    expect(queue.job("a.mkv")).toMatchObject({
      status: "failed",
      reason: "gave_up",
      retry_count: 0,
      lost_count: 2,
    });
  });

  test("of the seed's clients are renewed by heartbeats, as many as they say they run", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    queue.wait(0);
    queue.run((c, now) => c.claim({ worker_id: "old" }, now));
    queue.wait(5000);
    queue.run((c, now) => c.claim({ worker_id: "old" }, now));
    const beat = {
      worker_id: "old",
      hostname: "h",
      vulkan_available: true,
      status: "busy",
      timestamp: "2024-01-01T00:00:00+02:00",
    };
    queue.run((c, now) => c.heartbeat({ ...beat, active_jobs: 1 }, now));
    queue.wait(5001);
    expect([queue.job("a.mkv").status, queue.job("b.mkv").status]).toEqual(["pending", "processing"]);
  });
});

describe("endings", () => {
  test("repeated give the same answer, even after others went on", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w1");
    expect(queue.fail("w1", order)).toBe("pending");
    queue.wait(10_000);
    const next = queue.claimOne("w2");
    expect(queue.fail("w1", order)).toBe("pending");
    expect(queue.publish("w2", next)).toBe("completed");
    expect(queue.handIn("w2", next)).toEqual({ state: "ended", status: "completed" });
    expect(queue.fail("w1", order)).toBe("pending");
    expect(refusal(() => queue.handIn("w1", order))).toBe("stale_attempt");
  });

  test("failures wait longer each time, then are final", () => {
    const queue = openQueue({ max_retries: 1 });
    queue.add("a.mkv");
    queue.fail("w", queue.claimOne("w"));
    expect(queue.claim("w")).toEqual([]);
    expect(queue.job("a.mkv")).toMatchObject({ retry_count: 1, not_before: expect.any(String) });
    queue.wait(2000);
    expect(queue.fail("w", queue.claimOne("w"), { reason: "stalled" })).toBe("failed");
    expect(queue.job("a.mkv")).toMatchObject({ reason: "stalled", error_message: "it broke" });
  });

  test.each([
    [{ outcome: "permanent", reason: "source_damaged" }, "failed"],
    [{ outcome: "skipped", reason: "no_video" }, "skipped"],
    [{ outcome: "permanent", reason: "drained" }, "pending"],
  ])("%o leads to %s", (how, status) => {
    const queue = openQueue();
    queue.add("a.mkv");
    expect(queue.fail("w", queue.claimOne("w"), how)).toBe(status as never);
  });

  test("a publication is recorded, repeated and taken up after a restart", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    const begun = queue.handIn("w", order);
    if (begun.state !== "publish") throw new Error("expected an intent");
    expect(begun.intent.outputs).toEqual([
      { staging: order.staging, role: "film", size: null, output_rel: "a.mp4", previous: null },
    ]);
    expect(queue.handIn("w", order)).toEqual(begun);
    expect(refusal(() => queue.run((c, now) => c.cancel(order.id, now)))).toBe("conflict");
    queue.restart();
    queue.wait(100_000);
    expect(queue.run((c) => c.intents())).toEqual([begun.intent]);
    expect(queue.publish("w", order)).toBe("completed");
    expect(queue.run((c) => c.intents())).toEqual([]);
  });

  test.each([
    ["requeue", "source_changed", { status: "pending", retry_count: 0, lost_count: 0 }],
    ["retry", "output_missing", { status: "pending", retry_count: 1, lost_count: 0 }],
    ["lost", "source_changed", { status: "pending", retry_count: 0, lost_count: 1 }],
    ["permanent", "name_taken", { status: "failed", reason: "name_taken", error_message: "why" }],
  ] as const)("a publication may fail: %s", (outcome, reason, expected) => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    queue.handIn("w", order);
    const of = { job_id: order.id, attempt: 1 };
    queue.run((c, now) => c.failPublish(of, { outcome, reason, message: "why" }, now));
    expect(queue.job(order.id)).toMatchObject(expected);
    expect(queue.run((c) => c.isHeld(of))).toBe(false);
  });

  test("a job whose source was seen to have changed waits for the scan, and not longer", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const { id: job_id, attempt } = queue.claimOne("w");
    const input = {
      job_id,
      attempt,
      worker_id: "w",
      error_message: "why",
      reason: "source_changed",
    } as const;
    queue.run((c, now) => c.fail(input, now));
    expect(queue.job(job_id)).toMatchObject({ status: "pending", not_before: expect.any(String) });
    expect(queue.claim("w")).toEqual([]);
    queue.run((c, now) => c.addSources([{ source_rel: "a.mkv", size: 77, mtime_ns: "7" }], now));
    expect(queue.job(job_id)).toMatchObject({ not_before: null, lost_count: 0, reason: null });
    expect(queue.claimOne("w")).toMatchObject({ id: job_id, source_size: 77, attempt: 2 });
  });

  test("outputs that are not this attempt's are refused and change nothing", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const { id: job_id, attempt, staging } = queue.claimOne("w");
    for (const wrong of [
      { staging: "../x.mp4" },
      { extension: "avi" },
      { role: "subtitle" as const, label: "ger" },
    ]) {
      const outputs = [{ staging, role: "film" as const, extension: "mp4", size: 1, ...wrong }];
      const input = { job_id, attempt, worker_id: "w", outputs };
      expect(refusal(() => queue.run((c, now) => c.beginPublish(input, now)))).toBe("bad_request");
    }
    expect(queue.job(job_id).status).toBe("processing");
  });
});

describe("files beside a film", () => {
  const beside = (order: JobOrder, n: number, label: string, extension = "sup") => ({
    ...{ staging: `${order.staging}.${n}.${extension}`, role: "subtitle" as const },
    ...{ extension, label, size: n },
  });
  const handIn = (
    queue: ReturnType<typeof openQueue>,
    order: JobOrder,
    others: Output[],
    extension = "mp4",
  ) => {
    const film = { staging: order.staging, role: "film" as const, extension, size: 7 };
    const input = { job_id: order.id, attempt: order.attempt, worker_id: "w", outputs: [film, ...others] };
    const begun = queue.run((c, now) => c.beginPublish(input, now));
    if (begun.state !== "publish") throw new Error(begun.status);
    return begun.intent;
  };

  test("are named after it, and known as vc's own the next time; what is no more is stale", () => {
    const queue = openQueue();
    queue.add("dir/a.mkv");
    const first = queue.claimOne("w");
    const intent = handIn(queue, first, [beside(first, 1, "ger.forced"), beside(first, 2, "eng", "mks")]);
    expect(intent.outputs.map(({ output_rel, previous }) => ({ output_rel, previous }))).toEqual([
      { output_rel: "dir/a.mp4", previous: null },
      { output_rel: "dir/a.ger.forced.sup", previous: null },
      { output_rel: "dir/a.eng.mks", previous: null },
    ]);
    const published = intent.outputs.map(({ output_rel }) => ({ output_rel, size: 7, mtime_ns: "70" }));
    queue.run((c, now) => c.finishPublish(intent, { published }, now));
    queue.run((c, now) => c.addSources([{ source_rel: "dir/a.mkv", size: 11, mtime_ns: "2" }], now));
    const second = queue.claimOne("w");
    const again = handIn(queue, second, [beside(second, 1, "ger.forced")]);
    expect(again.outputs[1]?.previous).toEqual({ size: 7, mtime_ns: "70" });
    expect(again.stale).toEqual([{ output_rel: "dir/a.eng.mks", size: 7, mtime_ns: "70" }]);
  });

  test("need a label each, and names that begin with the film's", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    const wrong = [
      [beside(order, 1, "ger"), beside(order, 2, "ger")],
      [{ ...beside(order, 1, "ger"), staging: "0123456789.9.partial.mp4.1.sup" }],
      [beside(order, 1, "ger", "exe")],
      [beside(order, 2, "ger")],
    ];
    for (const others of wrong) expect(refusal(() => handIn(queue, order, others))).toBe("bad_request");
  });

  test("a film that became mkv gets a name that fits, and keeps it", () => {
    const subtitles = { conversion: { ...settings.conversion, subtitles: "mkv" as const } };
    const queue = openQueue(subtitles);
    queue.add("a.avi", "a.mp4");
    const first = queue.claimOne("w");
    const intent = handIn(queue, first, [], "mkv");
    expect(intent.outputs[0]?.output_rel).toBe("a.mkv");
    const published = [{ output_rel: "a.mkv", size: 7, mtime_ns: "70" }];
    queue.run((c, now) => c.finishPublish(intent, { published }, now));
    expect(queue.job(first.id).output_rel).toBe("a.mkv");
    const second = queue.claimOne("w");
    expect(handIn(queue, second, [], "mkv").outputs[0]?.output_rel).toBe("a.mp4.mkv");
    queue.run((c, now) => c.addSources([{ source_rel: "a.avi", size: 11, mtime_ns: "2" }], now));
    const again = queue.claimOne("w");
    expect(again.output_rel).toBe("a.mkv");
    expect(handIn(queue, again, [], "mkv").outputs[0]?.previous).toEqual({ size: 7, mtime_ns: "70" });
  });
});
