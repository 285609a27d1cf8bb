import { describe, expect, test } from "bun:test";
import { openQueue } from "./queue.ts";

const QUARANTINE = 2000;
const open = (settings = {}) => openQueue({ quarantine_ms: QUARANTINE, ...settings });
type Queue = ReturnType<typeof open>;

/** `bad` claims and fails films until it gets none. */
function failAll(queue: Queue, worker_id: string, how = {}): string[] {
  const failed: string[] = [];
  for (let [order] = queue.claim(worker_id); order !== undefined; [order] = queue.claim(worker_id)) {
    failed.push(order.source_rel);
    queue.fail(worker_id, order, { reason: "ffmpeg_failed", ...how });
  }
  return failed;
}
const worker = (queue: Queue, id: string) =>
  queue.run((c, now) => c.workers(now)).find((one) => one.id === id);

describe("a worker that fails everything", () => {
  test("is quarantined after three films, which get their retries back and may run at once", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv");
    queue.register("bad");
    expect(failAll(queue, "bad")).toEqual(["a.mkv", "b.mkv", "c.mkv"]);
    expect(worker(queue, "bad")?.status).toBe("quarantined");
    expect(worker(queue, "bad")?.problem).toContain("3 films in a row failed here");
    queue.register("good");
    for (const name of ["a.mkv", "b.mkv", "c.mkv"]) {
      const order = queue.claimOne("good");
      expect(order).toMatchObject({ source_rel: name, attempt: 2 });
      expect(queue.job(name)).toMatchObject({ retry_count: 0, lost_count: 1 });
    }
    const { attempts } = queue.run((c, now) => c.job("a.mkv", now));
    expect(attempts[0]).toMatchObject({ outcome: "lost", reason: "ffmpeg_failed" });
  });

  test("also takes back films that had no retry left, and no others that failed", () => {
    const queue = open({ max_retries: 0 });
    queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv");
    queue.register("bad");
    const order = queue.claimOne("bad");
    queue.fail("bad", order, { outcome: "permanent", reason: "source_damaged" });
    const statuses = () => queue.run((c, now) => c.jobs({}, now)).jobs.map(({ status }) => status);
    failAll(queue, "bad");
    expect(queue.job("a.mkv").status).toBe("failed");
    expect(statuses().filter((status) => status === "pending")).toHaveLength(3);
  });

  test("gets one film after the wait, rather one that is new to it, and the wait doubles", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv");
    queue.register("bad");
    failAll(queue, "bad");
    queue.add("z.mkv");
    queue.wait(QUARANTINE);
    const probe = queue.claim("bad", "k", 5);
    expect(probe.map(({ source_rel }) => source_rel)).toEqual(["z.mkv"]);
    expect(queue.claim("bad", "k2", 5)).toEqual([]);
    for (const order of probe) queue.fail("bad", order, { reason: "stalled" });
    queue.wait(QUARANTINE);
    expect(queue.claim("bad")).toEqual([]);
    queue.wait(QUARANTINE);
    expect(queue.claim("bad")).toHaveLength(1);
  });

  test("is trusted again after the first film that it makes", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv", "e.mkv");
    queue.register("bad");
    failAll(queue, "bad");
    queue.wait(QUARANTINE);
    queue.publish("bad", queue.claimOne("bad"));
    expect(worker(queue, "bad")).toMatchObject({ status: "online", problem: null });
    expect(queue.claim("bad", "k", 2)).toHaveLength(2);
  });

  test("is trusted at once when a person says so", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv");
    queue.register("bad");
    failAll(queue, "bad");
    expect(worker(queue, "bad")?.problem).toContain("`vc resume bad`");
    const resume = (id: string) => queue.run((c, now) => c.resumeWorker(id, now));
    expect(resume("bad")).toEqual({ was_quarantined: true });
    expect(worker(queue, "bad")).toMatchObject({ status: "online", problem: null });
    expect(queue.claim("bad", "k", 2)).toHaveLength(2);
    expect(resume("bad")).toEqual({ was_quarantined: false });
    expect(() => resume("nobody")).toThrow("There is no worker nobody.");
  });

  test("stays so over a restart of the master, and is tried at once when it is started anew", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv");
    queue.register("bad");
    failAll(queue, "bad");
    queue.restart();
    expect(queue.claim("bad")).toEqual([]);
    queue.register("bad", "bad-2");
    expect(queue.claim("bad", "k", 5)).toHaveLength(1);
  });

  test("by losing its mount costs the films nothing either, and is quarantined", () => {
    const queue = open();
    queue.add("a.mkv", "b.mkv", "c.mkv");
    queue.register("bad");
    failAll(queue, "bad", { reason: "mount_lost" });
    expect(worker(queue, "bad")?.status).toBe("quarantined");
    expect(queue.job("a.mkv")).toMatchObject({ status: "pending", retry_count: 0, lost_count: 1 });
  });
});

test("films that fail on two workers are their own fault: both workers go on, and the films end", () => {
  const queue = open({ max_retries: 1, retry_delay_ms: 0 });
  queue.add("a.mkv", "b.mkv", "c.mkv");
  queue.register("one");
  queue.register("two");
  failAll(queue, "one");
  expect(worker(queue, "one")?.status).toBe("quarantined");
  expect(new Set(failAll(queue, "two"))).toEqual(new Set(["a.mkv", "b.mkv", "c.mkv"]));
  expect([worker(queue, "one")?.status, worker(queue, "two")?.status]).toEqual(["online", "online"]);
  const { jobs } = queue.run((c, now) => c.jobs({}, now));
  expect(jobs.map(({ status }) => status)).toEqual(["failed", "failed", "failed"]);
});

test("with one worker, films that nobody can make still end, and good ones are found between them", () => {
  const queue = open({ max_lost: 3, max_retries: 1 });
  queue.add("a.mkv", "b.mkv", "c.mkv", "d.mkv", "good.mkv");
  queue.register("only");
  for (let hours = 0; hours < 400; hours++) {
    const [order] = queue.claim("only");
    if (order?.source_rel === "good.mkv") queue.publish("only", order);
    else if (order !== undefined) queue.fail("only", order, { reason: "ffmpeg_failed" });
    else queue.wait(1000);
  }
  const { jobs } = queue.run((c, now) => c.jobs({}, now));
  expect(jobs.filter(({ status }) => status === "failed")).toHaveLength(4);
  expect(queue.job("good.mkv").status).toBe("completed");
});

describe("a film that failed on a worker", () => {
  // "unsupported": what one worker cannot do, as it has the film over HTTP alone.
  test.each(["ffmpeg_failed", "unsupported"] as const)(
    "(%s) goes to another one first, while there is one",
    (reason) => {
      const queue = open({ retry_delay_ms: 0, retry_delay_max_ms: 10_000 });
      queue.add("a.mkv", "b.mkv");
      queue.register("one");
      queue.register("two");
      queue.fail("one", queue.claimOne("one"), { outcome: "retry", reason });
      expect(queue.claimOne("one").source_rel).toBe("b.mkv");
      expect(queue.claim("one")).toEqual([]);
      expect(queue.claimOne("two").source_rel).toBe("a.mkv");
    },
  );

  test("waits for no busy one after one death of its worker, which may have been a power cut", () => {
    const queue = open({ retry_delay_ms: 0, retry_delay_max_ms: 10_000 });
    queue.add("a.mkv", "b.mkv");
    queue.register("one");
    queue.register("two");
    expect(queue.claimOne("one").source_rel).toBe("a.mkv");
    queue.register("one", "one-2");
    // While the other has room, it goes there.
    expect(queue.claimOne("one").source_rel).toBe("b.mkv");
    expect(queue.claimOne("two").source_rel).toBe("a.mkv");
    queue.register("one", "one-3");
    expect(queue.claimOne("one").source_rel).toBe("b.mkv");
    // A second death there speaks against one of both.
    queue.register("one", "one-4");
    expect(queue.claim("one")).toEqual([]);
  });

  test("comes back to it when the others leave it alone, or are gone", () => {
    const queue = open({ retry_delay_ms: 0, retry_delay_max_ms: 10_000 });
    queue.add("a.mkv");
    queue.register("one");
    queue.register("two");
    queue.fail("one", queue.claimOne("one"), { reason: "ffmpeg_failed" });
    expect(queue.claim("one")).toEqual([]);
    queue.wait(9_000);
    queue.register("two");
    queue.wait(1_000);
    const again = queue.claimOne("one");
    queue.fail("one", again, { reason: "ffmpeg_failed" });
    expect(queue.claim("one")).toEqual([]);
    queue.run((c, now) => c.drain("two", now));
    expect(queue.claim("one")).toHaveLength(1);
  });
});
