import { describe, expect, test } from "bun:test";
import { openQueue } from "./queue.ts";

describe("sources", () => {
  const found = (mtime_ns: string) => [{ source_rel: "a.mkv", size: 10, mtime_ns }];

  test("unchanged ones are left alone, changed ones are converted again over vc's own result", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    queue.publish("w", queue.claimOne("w"));
    expect(queue.add("a.mkv")).toEqual({ added: 0, changed: 0, unchanged: 1, skipped: 0 });
    expect(queue.run((c, now) => c.addSources(found("2"), now))).toEqual({
      added: 0,
      changed: 1,
      unchanged: 0,
      skipped: 0,
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

  test("one that a worker could not use is tried again once anything about its file has changed", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv");
    const failed_ms = Date.UTC(2026, 0, 1);
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "worker_error" });
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "source_damaged" });
    const scan = (changed_ms: number) =>
      queue.run((c, now) =>
        c.addSources(
          ["a.mkv", "b.mkv"].map((source_rel) => ({ source_rel, size: 10, mtime_ns: "1", changed_ms })),
          now,
        ),
      );
    expect(scan(failed_ms)).toEqual({ added: 0, changed: 0, unchanged: 2, skipped: 0 });
    expect(scan(failed_ms + 1)).toEqual({ added: 0, changed: 1, unchanged: 1, skipped: 0 });
    expect([queue.job("a.mkv").status, queue.job("b.mkv").status]).toEqual(["pending", "failed"]);
    expect(scan(failed_ms + 1)).toEqual({ added: 0, changed: 0, unchanged: 2, skipped: 0 });
  });

  test("that workers could not use are remarked on, others not", () => {
    const queue = openQueue();
    queue.add("a.mkv", "b.mkv", "c.mkv");
    const remarks = () => queue.run((c) => c.remarks());
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "source_damaged" });
    expect(remarks()).toEqual([]);
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "worker_error" });
    expect(remarks()).toEqual([expect.stringContaining("1 film has failed by trouble on a worker")]);
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "worker_error" });
    expect(remarks()).toEqual([
      expect.stringMatching(/^2 films have failed .*vc jobs --status failed.*vc retry/),
    ]);
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

  test("found together get ids that lie together and still differ soon", () => {
    const queue = openQueue();
    const names = (from: number) => Array.from({ length: 100 }, (_, at) => `${from + at}.mkv`);
    const ids = [0, 100].map((from) => {
      queue.add(...names(from));
      return names(from).map((name) => queue.job(name).id);
    });
    for (const batch of ids) {
      expect(new Set(batch.map((id) => id.slice(0, 2))).size).toBe(1);
      expect(new Set(batch.map((id) => id.slice(0, 6))).size).toBe(100);
      expect(batch.filter((id) => !/^[0-9a-hjkmnp-tv-z]{10}$/.test(id))).toEqual([]);
    }
    expect(new Set(ids.flat().map((id) => id.slice(0, 2))).size).toBe(2);
  });

  test("get another id when chance repeats itself", () => {
    const chances = Array.from({ length: 40 }, (_, index) => (index < 31 ? 0 : index / 40));
    const queue = openQueue({}, () => chances.shift() ?? 0.5);
    expect(queue.add("a.mkv", "b.mkv").added).toBe(2);
    expect(queue.job("b.mkv").output_rel).toBe("b.mp4");
  });

  test("seen twice in one batch count once", () => {
    const queue = openQueue();
    const twice = [10, 20].map((size) => ({ source_rel: "a.mkv", size, mtime_ns: `${size}` }));
    expect(queue.run((c, now) => c.addSources(twice, now))).toEqual({
      added: 1,
      changed: 1,
      unchanged: 0,
      skipped: 0,
    });
    expect(queue.run((c, now) => c.stats(now))).toMatchObject({ source_bytes: 20, counts: { pending: 1 } });
  });
});
