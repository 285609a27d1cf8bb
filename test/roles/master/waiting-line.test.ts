import { expect, test } from "bun:test";
import { type Claim, createWaitingLine } from "../../../src/roles/master/waiting-line.ts";

const NEVER = new AbortController().signal;
const input = (worker_id: string) => ({ worker_id });
const job = (id: string) => ({ jobs: [{ id }] }) as unknown as NonNullable<Claim>;
const idOf = (claim: Claim) => (claim !== null && "jobs" in claim ? claim.jobs[0]?.id : claim);
const quiet = () => Bun.sleep(0);

/** A queue of jobs, and a line before it. `asked` counts the claims. */
function counter(
  jobs: string[],
  mayClaim: (worker_id: string) => boolean = () => true,
  mayBeWork: () => boolean = () => true,
) {
  const asked: string[] = [];
  const claim = async ({ worker_id }: { worker_id: string }, signal: AbortSignal) => {
    await quiet();
    if (signal.aborted) return null;
    asked.push(worker_id);
    const id = mayClaim(worker_id) ? jobs.shift() : undefined;
    return id === undefined ? null : job(id);
  };
  const line = createWaitingLine(claim, mayBeWork);
  const join = (worker_id: string, wait_ms = 60_000, signal = NEVER) =>
    line.join({ input: input(worker_id), signal, wait_ms });
  return { line, join, asked, jobs };
}

test("who came first is served first, and a job more serves one more", async () => {
  const { line, join, jobs } = counter([]);
  const waits = ["a", "b", "c"].map((id) => join(id));
  jobs.push("1", "2");
  line.wake();
  expect(await Promise.all([waits[0], waits[1]].map(async (wait) => idOf((await wait) ?? null)))).toEqual([
    "1",
    "2",
  ]);
  jobs.push("3");
  line.wake();
  expect(idOf((await waits[2]) ?? null)).toBe("3");
});

test("a thousand idle callers cost a few claims for one job, and none before", async () => {
  const { line, join, asked, jobs } = counter([]);
  const waits = Array.from({ length: 1000 }, (_, index) => join(String(index)));
  await quiet();
  expect(asked).toEqual([]);
  jobs.push("1");
  line.wake();
  expect(idOf((await waits[0]) ?? null)).toBe("1");
  for (let turn = 0; turn < 50; turn += 1) await quiet();
  expect(asked.length).toBeLessThan(20);
  line.dismiss();
  expect((await Promise.all(waits)).slice(1).every((claim) => claim === null)).toBe(true);
});

test("where nothing is left, nobody is asked", async () => {
  const jobs = ["1"];
  const { line, join, asked } = counter(
    jobs,
    () => true,
    () => jobs.length > 0,
  );
  const waits = ["a", "b", "c"].map((id) => join(id));
  line.wake();
  expect(idOf((await waits[0]) ?? null)).toBe("1");
  line.wake();
  for (let turn = 0; turn < 20; turn += 1) await quiet();
  expect(asked).toEqual(["a"]);
  line.dismiss();
  expect(await Promise.all(waits.slice(1))).toEqual([null, null]);
});

test("a thousand jobs serve a thousand callers, each one", async () => {
  const { line, join, jobs } = counter([]);
  const waits = Array.from({ length: 1000 }, (_, index) => join(String(index)));
  jobs.push(...Array.from({ length: 1000 }, (_, index) => String(index)));
  line.wake();
  const ids = (await Promise.all(waits)).map(idOf);
  expect(new Set(ids).size).toBe(1000);
});

test("a caller that may not claim blocks nobody behind it", async () => {
  const { line, join, jobs } = counter([], (worker_id) => worker_id !== "draining");
  const draining = join("draining");
  const good = join("good");
  jobs.push("1");
  line.wake();
  expect(idOf(await good)).toBe("1");
  line.dismiss("draining");
  expect(await draining).toBeNull();
});

test("nothing is claimed for a caller that has hung up", async () => {
  const { line, join, asked, jobs } = counter([]);
  const hungUp = new AbortController();
  const first = join("gone", 60_000, hungUp.signal);
  const second = join("here");
  hungUp.abort();
  jobs.push("1");
  line.wake();
  expect(await first).toBeNull();
  expect(idOf(await second)).toBe("1");
  expect(asked).toEqual(["here"]);
  expect(await join("late", 60_000, hungUp.signal)).toBeNull();
});

test("a wait that ends while its claim is under way still gets the job", async () => {
  const gate = Promise.withResolvers<Claim>();
  const line = createWaitingLine(
    () => gate.promise,
    () => true,
  );
  const wait = line.join({ input: input("a"), signal: NEVER, wait_ms: 60_000 });
  line.wake();
  line.dismiss();
  gate.resolve(job("1"));
  expect(idOf(await wait)).toBe("1");
});

test("a wait ends by itself with nothing", async () => {
  const { join } = counter([]);
  expect(await join("a", 1)).toBeNull();
});

test("a refused claim is told to its caller alone", async () => {
  const line = createWaitingLine(
    async ({ worker_id }) => {
      if (worker_id === "replaced") throw new Error("session_replaced");
      return job("1");
    },
    () => true,
  );
  const replaced = line.join({ input: input("replaced"), signal: NEVER, wait_ms: 60_000 });
  const good = line.join({ input: input("good"), signal: NEVER, wait_ms: 60_000 });
  line.wake();
  await expect(replaced).rejects.toThrow("session_replaced");
  expect(idOf(await good)).toBe("1");
});
