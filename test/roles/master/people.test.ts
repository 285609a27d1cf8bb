import { describe, expect, test } from "bun:test";
import { openQueue, refusal } from "./queue.ts";

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

  test("see a speed and a time left that do not count the rest between films", () => {
    const queue = openQueue();
    const seen = () => {
      const { throughput, eta_s } = queue.run((c, now) => c.status(now));
      return { ...throughput, eta_s };
    };
    queue.add("a.mkv", "b.mkv", "c.mkv");
    queue.register("w");
    expect(seen()).toEqual({ files_per_hour: null, bytes_per_second: null, eta_s: null });
    const first = queue.claimOne("w");
    queue.wait(10_000);
    queue.publish("w", first);
    expect(seen()).toEqual({ files_per_hour: 360, bytes_per_second: 1, eta_s: 20 });
    queue.wait(600_000);
    expect(seen()).toEqual({ files_per_hour: 360, bytes_per_second: 1, eta_s: null });
    queue.run((c, now) => c.progress({ worker_id: "w", held: [] }, now));
    expect(seen()).toEqual({ files_per_hour: 360, bytes_per_second: 1, eta_s: 20 });
    const { id: job_id, attempt } = queue.claimOne("w");
    queue.wait(10_000);
    const progress = { stage: "encoding" as const, percent: 50, fps: null, speed: null, eta_s: null };
    const held = [{ job_id, attempt, progress }];
    queue.run((c, now) => c.progress({ worker_id: "w", held }, now));
    expect(seen()).toEqual({ files_per_hour: 270, bytes_per_second: 0.75, eta_s: 20 });
    queue.run((c, now) => c.drain("w", now));
    expect(seen()).toMatchObject({ files_per_hour: 270, eta_s: null });
    queue.wait(2 * 3_600_000);
    expect(seen()).toEqual({ files_per_hour: null, bytes_per_second: null, eta_s: null });
  });
});
