import { describe, expect, test } from "bun:test";
import { openQueue } from "./queue.ts";

const UNREADABLE = { reason: "source_unreadable" };
const DAY_MS = 24 * 3_600_000;

function withWorkers(...names: string[]) {
  const queue = openQueue();
  queue.add("a.mkv");
  for (const name of names) queue.register(name);
  const tryOn = (name: string) => queue.fail(name, queue.claimOne(name), UNREADABLE);
  const worker = (id: string) => queue.run((c, now) => c.workers(now)).find((one) => one.id === id);
  return { queue, tryOn, worker };
}

describe("a film that a worker may not read", () => {
  test("goes to each of the others once, at once, and costs neither film nor worker anything", () => {
    const { queue, tryOn, worker } = withWorkers("one", "two", "three");
    expect(tryOn("one")).toBe("pending");
    expect(queue.claim("one")).toEqual([]);
    expect(tryOn("two")).toBe("pending");
    expect(queue.claim("two")).toEqual([]);
    const order = queue.claimOne("three");
    expect(queue.job("a.mkv")).toMatchObject({ retry_count: 0, lost_count: 2 });
    queue.publish("three", order);
    expect(queue.job("a.mkv").status).toBe("completed");
    for (const name of ["one", "two"])
      expect(worker(name)).toMatchObject({ status: "online", problem: null });
  });

  test("is failed once nobody is left to read it, and people are told", () => {
    const { queue, tryOn } = withWorkers("one", "two");
    tryOn("one");
    expect(tryOn("two")).toBe("failed");
    expect(queue.job("a.mkv")).toMatchObject({
      status: "failed",
      reason: "source_unreadable",
      retry_count: 0,
    });
    expect(queue.run((c) => c.remarks())).toEqual([
      expect.stringContaining("1 film may not be read by any worker"),
    ]);
  });

  test("is tried again by each worker after a retry by a person", () => {
    const { queue, tryOn } = withWorkers("one", "two");
    tryOn("one");
    tryOn("two");
    queue.run((c, now) => c.retry("a.mkv", now));
    expect(tryOn("two")).toBe("pending");
    expect(tryOn("one")).toBe("failed");
  });

  test("is tried again after a day, and after each further one", () => {
    const { queue, tryOn } = withWorkers("one");
    for (let day = 0; day < 3; day += 1) {
      expect(tryOn("one")).toBe("failed");
      queue.wait(DAY_MS - 3_600_000);
      expect(queue.job("a.mkv").status).toBe("failed");
      queue.wait(2 * 3_600_000);
      expect(queue.job("a.mkv").status).toBe("pending");
    }
  });

  test("is tried again as soon as a scan sees that its permissions have changed", () => {
    const { queue, tryOn } = withWorkers("one");
    tryOn("one");
    const scan = (changed_ms: number) =>
      queue.run((c, now) =>
        c.addSources([{ source_rel: "a.mkv", size: 10, mtime_ns: "1", changed_ms }], now),
      );
    scan(0);
    expect(queue.job("a.mkv").status).toBe("failed");
    scan(Date.parse(queue.job("a.mkv").completed_at ?? "") + 1);
    expect(queue.job("a.mkv")).toMatchObject({ status: "pending", lost_count: 0 });
  });

  test("quarantines no worker, however many there are", () => {
    const { queue, worker } = withWorkers("one");
    const names = Array.from({ length: 10 }, (_, n) => `${n}.mkv`);
    queue.add(...names);
    for (let [order] = queue.claim("one"); order !== undefined; [order] = queue.claim("one"))
      queue.fail("one", order, UNREADABLE);
    expect(names.map((name) => queue.job(name).status)).toEqual(names.map(() => "failed"));
    expect(worker("one")?.status).toBe("online");
  });
});

test("films that failed in other ways are left alone for ever", () => {
  const { queue } = withWorkers("one");
  queue.fail("one", queue.claimOne("one"), { outcome: "permanent", reason: "source_damaged" });
  queue.wait(30 * DAY_MS);
  expect(queue.job("a.mkv").status).toBe("failed");
});
