import { describe, expect, test } from "bun:test";
import { ruleOn } from "../../../src/roles/master/ruling.ts";
import type { Reason } from "../../../src/shared/job.ts";
import { NO_RULES, type Rules } from "../../../src/shared/rules.ts";
import { openQueue } from "./queue.ts";

const rules = (changes: Partial<Rules>): { rules: Rules } => ({ rules: { ...NO_RULES, ...changes } });
type Queue = ReturnType<typeof openQueue>;
const shown = (queue: Queue, rel: string) => {
  const { status, reason, error_message } = queue.job(rel);
  return { status, reason, error_message };
};
const pending: ReturnType<typeof shown> = { status: "pending", reason: null, error_message: null };
const counted = (queue: Queue) => {
  const { total, pending, skipped, skipped_for } = queue.run((c, now) => c.status(now));
  return { total, pending, skipped, skipped_for };
};

describe("what the rules say of a known film", () => {
  const refused = { reason: "excluded" as const, message: "X" };
  test.each<[string, Reason | null, string | null, typeof refused | null, string]>([
    ["pending", null, null, null, "leave"],
    ["pending", null, null, refused, "skip"],
    ["failed", "source_damaged", null, refused, "skip"],
    ["completed", null, null, refused, "leave"],
    ["processing", null, null, refused, "leave"],
    ["publishing", null, null, refused, "leave"],
    ["cancelled", "cancelled", null, refused, "leave"],
    ["skipped", "no_video", null, refused, "leave"],
    ["skipped", "no_video", null, null, "leave"],
    ["skipped", "excluded", null, refused, "skip"],
    ["skipped", "excluded", null, null, "queue"],
    ["skipped", "too_small", null, null, "queue"],
    ["skipped", "not_smaller", "k", null, "leave"],
    ["skipped", "not_smaller", "other", null, "queue"],
    ["skipped", "already_converted", "other", null, "queue"],
    ["skipped", "too_short", "k", null, "leave"],
  ])("%s %p %p", (status, reason, wish_key, refusal, ruling) => {
    const job = { status, reason, wish_key, error_message: null } as Parameters<typeof ruleOn>[0];
    expect(ruleOn(job, refusal, () => "k") as string).toBe(ruling);
  });

  test("a message that is still true is left as it is", () => {
    const job = { status: "skipped", reason: "excluded", wish_key: null, error_message: "X" } as const;
    expect(ruleOn(job, refused, () => "k")).toBe("leave");
  });
});

describe("rules of path and size", () => {
  test("leave new films alone, count them and say why", () => {
    const queue = openQueue(rules({ exclude: ["extras/**"], skip_smaller_than: 10 }));
    const sources = [
      { source_rel: "a.mkv", size: 10, mtime_ns: "1" },
      { source_rel: "extras/b.mkv", size: 10, mtime_ns: "1" },
      { source_rel: "c.mkv", size: 9, mtime_ns: "1" },
    ];
    const scan = () => queue.run((c, now) => c.addSources(sources, now));
    expect(scan()).toEqual({ added: 3, changed: 0, unchanged: 0, skipped: 2 });
    expect(scan()).toEqual({ added: 0, changed: 0, unchanged: 3, skipped: 0 });
    expect(shown(queue, "extras/b.mkv")).toMatchObject({ status: "skipped", reason: "excluded" });
    expect(shown(queue, "c.mkv")).toMatchObject({ status: "skipped", reason: "too_small" });
    expect(counted(queue)).toEqual({
      ...{ total: 3, pending: 1, skipped: 2 },
      skipped_for: [
        { reason: "excluded", jobs: 1 },
        { reason: "too_small", jobs: 1 },
      ],
    });
    expect(queue.claim("w", "c", 5).map(({ source_rel }) => source_rel)).toEqual(["a.mkv"]);
  });

  test("that are new leave alone what waits and what failed, not what is done; those that are gone let it come back", () => {
    const queue = openQueue();
    queue.add("done.mkv", "bad.mkv", "waiting.mkv");
    queue.publish("w", queue.claimOne("w"));
    queue.fail("w", queue.claimOne("w"), { outcome: "permanent", reason: "source_damaged" });
    const all = ["done.mkv", "bad.mkv", "waiting.mkv"];
    queue.restart(rules({ exclude: ["*.mkv"] }));
    expect(queue.add(...all)).toMatchObject({ unchanged: 3, skipped: 2 });
    expect(all.map((rel) => queue.job(rel).status)).toEqual(["completed", "skipped", "skipped"]);
    queue.restart(rules({ exclude: ["waiting*"] }));
    queue.add(...all);
    expect(shown(queue, "bad.mkv")).toEqual(pending);
    expect(shown(queue, "waiting.mkv").error_message).toBe("Left alone: rules.exclude has waiting*.");
    queue.restart(rules({}));
    queue.add(...all);
    expect(all.map((rel) => queue.job(rel).status)).toEqual(["completed", "pending", "pending"]);
    expect(counted(queue)).toMatchObject({ pending: 2, skipped: 0, skipped_for: [] });
  });

  test("leave the best name to a film that is converted; what is wanted later gets the best that is left", () => {
    const queue = openQueue(rules({ exclude: ["*.avi"] }));
    queue.add("a.avi", "a.mkv", "b.avi");
    expect(queue.job("a.mkv").output_rel).toBe("a.mp4");
    queue.restart(rules({}));
    queue.add("a.avi", "a.mkv", "b.avi");
    expect(["a.avi", "b.avi"].map((rel) => queue.job(rel).output_rel)).toEqual(["a.avi.mp4", "b.mp4"]);
  });

  test("hold from the first claim on, before a scan has gone through the queue", () => {
    const queue = openQueue();
    queue.add(...Array.from({ length: 40 }, (_, n) => `extras/${n}.mkv`), "a.mkv");
    queue.restart(rules({ exclude: ["extras/**"] }));
    expect(queue.claim("w").map(({ source_rel }) => source_rel)).toEqual(["a.mkv"]);
    expect(counted(queue)).toMatchObject({ pending: 0, skipped: 40 });
  });

  test("wait for an attempt that may still go on", () => {
    const queue = openQueue();
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    queue.restart(rules({ exclude: ["*"] }));
    queue.add("a.mkv");
    expect(queue.job("a.mkv").status).toBe("processing");
    queue.wait(0);
    queue.wait(10_001);
    queue.add("a.mkv");
    expect(queue.job("a.mkv").status).toBe("pending");
    queue.publish("w", order);
    expect(queue.job("a.mkv").status).toBe("completed");
  });

  test("look at a film again that has changed", () => {
    const queue = openQueue(rules({ skip_smaller_than: 20 }));
    queue.add("a.mkv");
    const grown = [{ source_rel: "a.mkv", size: 20, mtime_ns: "2" }];
    expect(queue.run((c, now) => c.addSources(grown, now))).toMatchObject({ changed: 1, skipped: 0 });
    expect(shown(queue, "a.mkv")).toEqual(pending);
    expect(queue.add("a.mkv")).toMatchObject({ changed: 1, skipped: 1 });
  });
});

describe("rules that the worker applied", () => {
  const skip = { outcome: "skipped", reason: "not_smaller" };

  test("are no failures, and hold until settings or source change", () => {
    const queue = openQueue(rules({ max_size_ratio: 0.9 }));
    queue.add("a.mkv");
    const order = queue.claimOne("w");
    expect(order.rules).toMatchObject({ max_size_ratio: 0.9 });
    expect(queue.fail("w", order, skip)).toBe("skipped");
    expect(queue.job("a.mkv")).toMatchObject({ reason: "not_smaller", retry_count: 0, lost_count: 0 });
    expect(queue.store.worker("w")).toMatchObject({ failed: 0, lost: 0, record: null });
    queue.add("a.mkv");
    queue.restart(rules({ max_size_ratio: 0.9, exclude: ["b"] }));
    queue.add("a.mkv");
    expect(queue.job("a.mkv").status).toBe("skipped");
    queue.restart(rules({ max_size_ratio: 1 }));
    queue.add("a.mkv");
    expect(queue.job("a.mkv").status).toBe("pending");
    expect(queue.fail("w", queue.claimOne("w"), skip)).toBe("skipped");
    expect(
      queue.run((c, now) => c.addSources([{ source_rel: "a.mkv", size: 11, mtime_ns: "2" }], now)),
    ).toEqual({
      ...{ added: 0, changed: 1, unchanged: 0, skipped: 0 },
    });
    expect(queue.job("a.mkv").status).toBe("pending");
  });

  test("come back when the film's profile changes, and only then", () => {
    const profile = (quality: number) => ({ match: ["b*"], conversion: { quality } });
    const queue = openQueue(rules({ profiles: [profile(28)] }));
    queue.add("a.mkv", "b.mkv");
    for (const order of queue.claim("w", "c", 2)) queue.fail("w", order, skip);
    queue.restart(rules({ profiles: [profile(30)] }));
    queue.add("a.mkv", "b.mkv");
    expect([queue.job("a.mkv").status, queue.job("b.mkv").status]).toEqual(["skipped", "pending"]);
  });

  test("are applied here to the results of clients that know nothing of them", () => {
    const queue = openQueue(rules({ max_size_ratio: 0.5 }));
    queue.add("a.mkv", "b.mkv");
    const claim = (worker_id: string) => {
      const reply = queue.run((c, now) => c.claim({ worker_id }, now));
      if (reply === null || "jobs" in reply) throw new Error("no job of the old kind");
      return reply.id;
    };
    const hand = (job_id: string, output_size: number) =>
      queue.run((c, now) => c.beginPublish({ job_id, worker_id: "old", output_size }, now));
    const large = claim("old");
    expect(hand(large, 5)).toEqual({ state: "ended", status: "skipped" });
    expect(hand(large, 5)).toEqual({ state: "ended", status: "skipped" });
    expect(queue.job(large)).toMatchObject({ reason: "not_smaller", output_size: null });
    expect(hand(claim("old"), 4).state).toBe("publish");
    queue.add("a.mkv", "b.mkv");
    expect(queue.job(large).status).toBe("skipped");
  });
});

describe("profiles", () => {
  const profiles = [
    { name: "tapes", match: ["tapes/**"], conversion: { codec: "ffv1", container: "mkv" } as const },
  ];

  test("give a film its settings and its name, and are shown", () => {
    const queue = openQueue(rules({ profiles }));
    queue.add("a.avi", "tapes/a.avi");
    expect(queue.job("tapes/a.avi").profile).toBe("tapes");
    const orders = queue.claim("w", "c", 2).toSorted((a, b) => a.source_rel.localeCompare(b.source_rel));
    expect(orders.map(({ output_rel, staging }) => [output_rel, staging.split(".").at(-1)])).toEqual([
      ["a.mp4", "mp4"],
      ["tapes/a.mkv", "mkv"],
    ]);
    expect(orders.map(({ conversion }) => conversion.codec)).toEqual(["h264", "ffv1"]);
    queue.restart();
    expect(["a.avi", "tapes/a.avi"].map((rel) => queue.job(rel).profile)).toEqual([null, "tapes"]);
  });

  test("that came later give a waiting film another name", () => {
    const queue = openQueue();
    queue.add("tapes/a.avi");
    queue.restart(rules({ profiles }));
    expect(queue.claimOne("w")).toMatchObject({
      output_rel: "tapes/a.mkv",
      conversion: { container: "mkv" },
    });
  });
});
