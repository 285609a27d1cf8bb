import { expect, test } from "bun:test";
import { openQueue } from "./queue.ts";

const open = (settings = {}) => openQueue({ max_retries: 3, quarantine_ms: 0, ...settings });
let sessions = 0;
type Queue = ReturnType<typeof open>;

/** A worker's process claims what it can and dies; returns what it held. */
function dieWith(queue: Queue, worker_id: string, slots: number, spared: string[] = []): string[] {
  queue.register(worker_id, `s${sessions++}`);
  const orders = queue.claim(worker_id, `k${sessions++}`, slots);
  for (const order of orders) if (spared.includes(order.source_rel)) queue.publish(worker_id, order);
  queue.register(worker_id, `s${sessions++}`);
  return orders.map(({ source_rel }) => source_rel);
}

test("a film that kills its workers is parked at the third death, with its history", () => {
  const queue = open();
  queue.add("killer.mkv");
  expect(dieWith(queue, "one", 1)).toEqual(["killer.mkv"]);
  expect(dieWith(queue, "two", 1)).toEqual(["killer.mkv"]);
  expect(queue.job("killer.mkv").status).toBe("pending");
  dieWith(queue, "three", 1);
  expect(queue.job("killer.mkv")).toMatchObject({ status: "failed", reason: "gave_up", lost_count: 3 });
  expect(queue.job("killer.mkv").error_message).toContain("the 3rd time that a worker died");
  const { attempts } = queue.run((c, now) => c.job("killer.mkv", now));
  expect(attempts.map(({ worker_id, reason }) => [worker_id, reason])).toEqual(
    ["one", "two", "three"].map((id) => [id, "worker_restarted"]),
  );
  queue.run((c, now) => c.retry("killer.mkv", now));
  dieWith(queue, "four", 1);
  expect(queue.job("killer.mkv").status).toBe("pending");
});

test("one death parks nothing, whatever max_retries is: it may be that of a film beside it", () => {
  const queue = open({ max_retries: 0 });
  queue.add("killer.mkv");
  dieWith(queue, "one", 1);
  expect(queue.job("killer.mkv").status).toBe("pending");
  dieWith(queue, "two", 1);
  expect(queue.job("killer.mkv").status).toBe("failed");
});

test("films that were there at a death come one at a time: only the one that kills is parked", () => {
  const queue = open();
  const names = ["a.mkv", "b.mkv", "killer.mkv", "d.mkv"];
  queue.add(...names);
  expect(dieWith(queue, "one", 4)).toEqual(names);
  for (let n = 0; n < 12; n++) {
    queue.register("one", `s${sessions++}`);
    const held = queue.claim("one", `k${sessions++}`, 4);
    expect(held.length).toBeLessThan(2);
    for (const order of held) {
      if (order.source_rel === "killer.mkv") queue.register("one", `s${sessions++}`);
      else queue.publish("one", order);
    }
  }
  const { jobs } = queue.run((c, now) => c.jobs({}, now));
  const failed = jobs.filter(({ status }) => status === "failed").map(({ source_rel }) => source_rel);
  expect(failed).toEqual(["killer.mkv"]);
  expect(jobs.filter(({ status }) => status === "completed")).toHaveLength(3);
});

test("a machine that was silent and starts anew had died; one that was heard again had not", () => {
  const queue = open({ lease_ms: 5000 });
  queue.add("a.mkv");
  const beat = (worker_id: string) =>
    queue.run((c, now) => {
      const timestamp = "2026-01-01T00:00:00Z";
      const how = { hostname: `${worker_id}-host`, vulkan_available: false, active_jobs: 0 };
      c.heartbeat({ worker_id, ...how, status: "healthy", timestamp, held: [] }, now);
    });
  const reasons = () => queue.run((c, now) => c.job("a.mkv", now)).attempts.map(({ reason }) => reason);
  queue.register("one");
  queue.claimOne("one");
  queue.wait(6000);
  beat("one");
  queue.register("one", "one-2");
  expect(reasons()).toEqual(["lease_expired"]);
  for (const worker_id of ["two", "three", "four"]) {
    queue.register(worker_id);
    queue.claimOne(worker_id);
    queue.wait(6000);
    queue.register(worker_id, `${worker_id}-2`);
  }
  expect(reasons().slice(1)).toEqual(Array.from({ length: 3 }, () => "worker_restarted"));
  expect(queue.job("a.mkv")).toMatchObject({ status: "failed", reason: "gave_up" });
});

test("a clean stop is no death", () => {
  const queue = open({ max_retries: 0 });
  queue.add("a.mkv");
  for (let n = 0; n < 3; n++) {
    queue.register("one", `s${sessions++}`);
    queue.fail("one", queue.claimOne("one"), { reason: "drained" });
  }
  expect(queue.job("a.mkv")).toMatchObject({ status: "pending", lost_count: 0 });
});

test("what a worker had finished when it died stays its own; what it ran beside it goes to others", () => {
  const queue = open();
  queue.add("finished.mkv", "running.mkv");
  queue.register("one", "s-first");
  const orders = queue.claim("one", "k-first", 2);
  const order = orders.find(({ source_rel }) => source_rel === "finished.mkv");
  if (order === undefined) throw new Error("it was not claimed");
  const who = { worker_id: "one", session: "s-next", hostname: "one-host", version: "1", concurrency: 1 };
  const finished = [
    { job_id: order.id, attempt: order.attempt },
    { job_id: "no-such-job", attempt: 1 },
  ];
  queue.run((c, now) => c.register({ ...who, finished }, now));
  expect(queue.job("finished.mkv")).toMatchObject({ status: "processing", worker_id: "one", attempt: 1 });
  expect(queue.job("running.mkv")).toMatchObject({ status: "pending", lost_count: 1 });
  queue.publish("one", order);
  expect(queue.job("finished.mkv")).toMatchObject({ status: "completed", lost_count: 0, retry_count: 0 });
});

test("no worker keeps another one's film by saying that it had finished it", () => {
  const queue = open();
  queue.add("a.mkv");
  queue.register("one", "s-one");
  const [order] = queue.claim("one", "k-one", 1);
  if (order === undefined) throw new Error("it was not claimed");
  const finished = [{ job_id: order.id, attempt: order.attempt }];
  const two = { worker_id: "two", session: "s-two", hostname: "two-host", version: "1", concurrency: 1 };
  queue.run((c, now) => c.register({ ...two, finished }, now));
  expect(queue.job("a.mkv")).toMatchObject({ status: "processing", worker_id: "one" });
  expect(() => queue.publish("two", order)).toThrow();
});
