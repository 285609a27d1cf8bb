import { describe, expect, test } from "bun:test";
import { openQueue, refusal } from "./queue.ts";

describe("sources", () => {
  const found = (mtime_ns: string) => [{ source_rel: "a.mkv", size: 10, mtime_ns }];

  test("unchanged ones are left alone, changed ones are converted again over vc's own result", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.publish("w", queue.claimOne("w"));
    expect(queue.add("a.mkv")).toEqual({ added: 0, changed: 0, unchanged: 1 });
    expect(queue.run((c, now) => c.addSources(found("2"), now))).toEqual({
      added: 0,
      changed: 1,
      unchanged: 0,
    });
    const begun = queue.handIn("w", queue.claimOne("w"));
    expect(begun).toMatchObject({ intent: { outputs: [{ previous: { size: 7, mtime_ns: "70" } }] } });
  });

  test("one that changes while it is converted is converted again afterwards, whatever the attempt came to", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    queue.run((c, now) => c.addSources(found("2"), now));
    expect(queue.job(order.id).status).toBe("processing");
    expect(queue.fail("w", order, { outcome: "permanent", reason: "source_damaged" })).toBe("failed");
    expect(queue.job(order.id)).toMatchObject({ status: "pending", reason: null, source_mtime_ns: "2" });
  });

  test("cancelled stays cancelled; one that was missing comes back unchanged", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    queue.fail("w", queue.claimOne("w"), { outcome: "skipped", reason: "source_missing" });
    queue.run((c, now) => c.cancel("b.mkv", now));
    queue.run((c, now) =>
      c.addSources([...found("1"), { source_rel: "b.mkv", size: 99, mtime_ns: "9" }], now),
    );
    expect([queue.job("a.mkv").status, queue.job("b.mkv").status]).toEqual(["pending", "cancelled"]);
  });

  test("share no name, whatever its case and Unicode form, and keep theirs", () => {
    const queue = openQueue();
    queue.add("d/ä.mkv", "d/A\u0308.avi", "d/ä.avi", "d/ä.mkv");
    const names = queue.run((c, now) => c.jobs({}, now)).jobs.map((job) => job.output_rel);
    expect(names.toSorted()).toEqual(["d/A\u0308.avi.mp4", "d/ä.avi.2.mp4", "d/ä.mp4"].toSorted());
  });

  test("get another id when chance repeats itself", () => {
    const chances = Array.from({ length: 40 }, (_, index) => (index < 31 ? 0 : index / 40));
    const queue = openQueue({}, () => chances.shift() ?? 0.5);
    expect(queue.add("a.mkv", "b.mkv").added).toBe(2);
    expect(queue.job("b.mkv").output_rel).toBe("b.mp4");
  });
});

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

  test("are offline after two silent minutes", () => {
    const queue = openQueue({ offline_after_ms: 120_000 });
    queue.register("w");
    queue.wait(119_999);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("online");
    queue.wait(1);
    expect(queue.run((c, now) => c.workers(now))[0]?.status).toBe("offline");
  });
});

describe("people", () => {
  test("cancel, retry, and retry all that failed", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv", "c.mkv");
    for (let n = 0; n < 2; n++)
      queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "encrypted" });
    expect(queue.run((c, now) => c.retryFailed(1, now))).toEqual({ retried: 1, remaining: 1 });
    expect(queue.run((c, now) => c.retry("b.mkv", now)).status).toBe("pending");
    expect(queue.run((c, now) => c.cancel("c.mkv", now)).status).toBe("cancelled");
    expect(queue.run((c, now) => c.retry("c.mkv", now)).status).toBe("pending");
    queue.publish("w", queue.claimOne("w"));
    expect(refusal(() => queue.run((c, now) => c.retry("a.mkv", now)))).toBe("conflict");
    expect(refusal(() => queue.run((c, now) => c.cancel("a.mkv", now)))).toBe("conflict");
  });

  test("name jobs by id, its beginning, or the source", () => {
    const queue = openQueue();
    queue.add("dir/a.mkv", "b.mkv");
    const { id } = queue.job("dir/a.mkv");
    for (const name of [id, id.slice(0, 5), "/films/dir/a.mkv", "dir/a.mkv"])
      expect(queue.job(name).id).toBe(id);
    for (const name of [id.slice(0, 2), "nothing", ""])
      expect(refusal(() => queue.job(name))).toBe("not_found");
  });

  test("see true sums", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    const order = queue.claimOne("w");
    queue.wait(1000);
    queue.hold("w", order);
    const report = { source_duration: 60, encode_ms: 900, notes: ["a note"] };
    queue.run((c, now) => c.beginPublish({ job_id: order.id, attempt: 1, worker_id: "w", report }, now));
    expect(queue.publish("w", order)).toBe("completed");
    expect(queue.run((c, now) => c.status(now))).toMatchObject({
      completed: 1,
      pending: 1,
      total: 2,
      throughput: { files_per_hour: 3600, bytes_per_second: 10 },
      eta_s: 1,
    });
    expect(queue.run((c, now) => c.stats(now))).toMatchObject({
      completed_output_bytes: 7,
      completed_source_seconds: 60,
      encode_seconds: 0.9,
      by_worker: [{ worker_id: "w", completed: 1, failed: 0, lost: 0 }],
    });
    expect(queue.run((c, now) => c.jobs({ status: "completed" }, now))).toMatchObject({
      total: 1,
      jobs: [{ notes: ["a note"] }],
    });
    expect(queue.run((c, now) => c.jobs({ search: "%" }, now)).total).toBe(0);
  });
});
