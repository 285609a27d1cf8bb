import { describe, expect, test } from "bun:test";
import type { JobOrder } from "../../../src/shared/job.ts";
import { openQueue } from "./queue.ts";

/** As often as a master looks after its leases. */
const ROUND_MS = 1_000;
type Queue = ReturnType<typeof openQueue>;

/** What a waiting worker gets by and by: it claims when, and only when, there is news. Null after `most_ms`. */
function waitsFor(
  queue: Queue,
  { worker_id, session = `${worker_id}-1` }: { worker_id: string; session?: string },
  most_ms: number,
): { order: JobOrder; waited_ms: number } | null {
  let seen = 0;
  for (let waited_ms = 0; waited_ms <= most_ms; waited_ms += ROUND_MS) {
    const news = queue.events.slice(seen).some(({ type }) => type === "queued");
    seen = queue.events.length;
    const [order] = news ? queue.claim(worker_id) : [];
    if (order !== undefined) return { order, waited_ms };
    queue.wait(ROUND_MS);
    // It waits in a call of its own, which its machine repeats.
    queue.run((c, now) => c.control({ worker_id, session }, now));
  }
  return null;
}

function farm(lease_ms: number): Queue {
  const queue = openQueue({
    lease_ms,
    offline_after_ms: 120_000,
    retry_delay_ms: 30_000,
    retry_delay_max_ms: 3_600_000,
    max_retries: 10,
    quarantine_ms: 0,
  });
  for (const id of ["a", "b"]) queue.register(id);
  // A master's first round gives every lease its full length.
  queue.wait(0);
  return queue;
}

describe.each([5_000, 60_000, 600_000])("with a lease of %i ms", (lease_ms) => {
  test("a dead worker's film runs elsewhere within 1.5 leases of its last word, and not before one", () => {
    const queue = farm(lease_ms);
    queue.add("a.mkv");
    const order = queue.claimOne("a");
    queue.wait(lease_ms * 0.9);
    queue.hold("a", order);
    queue.events.length = 0;
    const got = waitsFor(queue, { worker_id: "b" }, 1.5 * lease_ms);
    expect(got?.order).toMatchObject({ id: order.id, attempt: 2 });
    expect(got?.waited_ms).toBeGreaterThanOrEqual(lease_ms);
  });

  test("so does one whose other worker had died of it before, though the dead one was heard after its last renewal", () => {
    const queue = farm(lease_ms);
    queue.add("a.mkv");
    queue.claimOne("b");
    queue.register("b", "b-2", "b-host");
    const order = queue.claimOne("a");
    expect(order.attempt).toBe(2);
    queue.run((c, now) => c.control({ worker_id: "a", session: "a-1" }, now));
    queue.wait(lease_ms * 0.3);
    queue.run((c, now) => c.control({ worker_id: "a", session: "a-1" }, now));
    queue.events.length = 0;
    const got = waitsFor(queue, { worker_id: "b", session: "b-2" }, 1.5 * lease_ms);
    expect(got?.order).toMatchObject({ id: order.id, attempt: 3 });
  });

  test("a drained worker's film runs elsewhere at once", () => {
    const queue = farm(lease_ms);
    queue.add("a.mkv");
    const order = queue.claimOne("a");
    queue.events.length = 0;
    const goodbye = {
      worker_id: "a",
      session: "a-1",
      status: "stopped" as const,
      hostname: "a-host",
      vulkan_available: false,
      active_jobs: 0,
      timestamp: "2026-01-01T00:00:00Z",
      held: [],
    };
    queue.run((c, now) => c.heartbeat(goodbye, now));
    const got = waitsFor(queue, { worker_id: "b" }, 0);
    expect(got).toMatchObject({ order: { id: order.id, attempt: 2 }, waited_ms: 0 });
  });
});
