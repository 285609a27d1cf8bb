import { expect, test } from "bun:test";
import { createCommitter } from "../../../src/db/commit.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { createGathering } from "../../../src/db/gathering.ts";
import { createStore } from "../../../src/db/store.ts";
import { createCoordinator } from "../../../src/roles/master/coordinator.ts";
import { createLongPoll } from "../../../src/roles/master/longpoll.ts";
import { createProblems } from "../../../src/roles/master/problems.ts";
import { createTransact } from "../../../src/roles/master/transact.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { settings } from "../../sim/settings.ts";
import { claimJob, type MasterSite, withMasterSite } from "../../support/master-test.ts";
import { until } from "../../support/until.ts";

const next = (site: MasterSite, worker_id: string, wait_ms: number, signal?: AbortSignal) =>
  site.call(
    `/api/worker/next-job?worker_id=${worker_id}&wait_ms=${wait_ms}`,
    signal === undefined ? {} : { signal },
  );
const control = (site: MasterSite, worker_id: string, seen: string) =>
  site.call(
    `/api/worker/control?worker_id=${worker_id}&session=session-of-${worker_id}&wait_ms=60000&seen=${seen}`,
  );

test("a waiting worker gets a new film at once; one that hung up is given nothing", () =>
  withMasterSite(async (site) => {
    const master = await site.start();
    await master.scan();
    const hungUp = new AbortController();
    const gone = next(site, "gone", 60_000, hungUp.signal).catch(() => "hung up");
    const waiting = next(site, "here", 60_000);
    expect((await next(site, "impatient", 0)).status).toBe(204);
    hungUp.abort();
    expect(await gone).toBe("hung up");
    // The server learns of the hang-up by its socket; a call on another one may overtake that.
    await until("the worker that waits is known", async () => {
      const { workers } = (await site.call("/api/workers")).body as { workers: { id: string }[] };
      return workers.some(({ id }) => id === "here");
    });
    await site.film("a.mkv");
    await master.scan();
    expect(await waiting).toMatchObject({ status: 200, body: { source_rel: "a.mkv", worker_id: "here" } });
    expect((await site.call("/api/status")).body).toMatchObject({ processing: 1, pending: 0 });
  }));

test("each arrival answers a waiting worker by itself: no upkeep runs, and no wait ends before the test does", async () => {
  const database = openDatabase({ path: ":memory:" });
  const committer = createCommitter(database, createGathering());
  const store = createStore(database);
  const coordinator = createCoordinator({ store, committer, settings, random: Math.random });
  const log = createLogger({ level: "error", format: "text", output_path: null });
  const transact = createTransact({ committer, clock: systemClock, problems: createProblems(log) });
  const longPoll = createLongPoll({ coordinator, transact });
  const never = new AbortController().signal;
  const wait = (worker_id: string) =>
    longPoll.nextJob({ worker_id, protocol: 2, max: 1, wait_ms: 3_600_000 }, never);
  const waits = new Map(["a", "b", "c"].map((worker_id) => [worker_id, wait(worker_id)]));
  const got: string[] = [];
  for (let film = 0; film < 100; film++) {
    await transact((now) =>
      coordinator.addSources([{ source_rel: `${film}.mkv`, size: 1, mtime_ns: "1" }], now),
    );
    const first = await Promise.race(
      [...waits].map(async ([worker_id, waiting]) => ({ worker_id, reply: await waiting })),
    );
    if (first.reply === null || !("jobs" in first.reply)) throw new Error("a wait ended without a film");
    got.push(...first.reply.jobs.map(({ source_rel }) => source_rel));
    waits.set(first.worker_id, wait(first.worker_id));
  }
  expect(got).toEqual(Array.from({ length: 100 }, (_, film) => `${film}.mkv`));
  longPoll.stop();
  expect(await Promise.all(waits.values())).toEqual([null, null, null]);
  committer.close();
  database.close();
});

test("many waiting workers share many films", () =>
  withMasterSite(async (site) => {
    const master = await site.start();
    const waits = Array.from({ length: 60 }, (_, index) => next(site, `w${index}`, 60_000));
    await until("all are known", async () => {
      const { workers } = (await site.call("/api/workers")).body as { workers: unknown[] };
      return workers.length === 60;
    });
    for (let index = 0; index < 60; index += 1) await site.film(`${index}.mkv`);
    await master.scan();
    const ids = (await Promise.all(waits)).map((answer) => answer.body.id);
    expect(new Set(ids).size).toBe(60);
  }));

test("control answers at once what is new, and waits for a cancel otherwise", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    const now = await control(site, "w1", "");
    const { version } = now.body as { version: string };
    expect(now.body).toMatchObject({ stop: [], draining: false });
    const waiting = control(site, "w1", encodeURIComponent(version));
    await site.post(`/api/jobs/${job.id}/cancel`, {});
    const told = await waiting;
    expect(told.body).toMatchObject({ stop: [{ job_id: job.id, attempt: 1 }] });
    const drained = control(site, "w1", encodeURIComponent(String(told.body.version)));
    await site.post("/api/workers/w1/drain", {});
    expect((await drained).body).toMatchObject({ draining: true });
  }));

test("a master that stops ends every wait at once, with an answer", () =>
  withMasterSite(async (site) => {
    const master = await site.start();
    await claimJob(master, "w1").catch(() => null);
    const { version } = (await control(site, "w1", "")).body as { version: string };
    const asking = control(site, "w1", encodeURIComponent(version));
    const waiting = next(site, "w2", 60_000);
    await until("the waiting worker is known", async () => {
      const { workers } = (await site.call("/api/workers")).body as { workers: unknown[] };
      return workers.length === 2;
    });
    await master.stop();
    expect((await waiting).status).toBe(204);
    expect(await asking).toMatchObject({ status: 200, body: { version } });
  }));
