import { expect, test } from "bun:test";
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  applyLedger,
  type LedgerEntry,
  readLedger,
  recordPublished,
  trimLedger,
} from "../../src/db/ledger.ts";
import { fill, withDatabasePath } from "./files.ts";

const AT = Date.UTC(2026, 10, 22, 12, 0, 0);

const entry = (n: number, changed: Partial<LedgerEntry> = {}): LedgerEntry => ({
  at_ms: AT,
  job_id: `job${String(n).padStart(7, "0")}`,
  attempt: 2,
  source_rel: `a series/episode ${n}.mkv`,
  source_size: 1000 + n,
  source_mtime_ns: "1700000000000000000",
  output_rel: `a series/episode ${n}.mp4`,
  output_key: `a series/episode ${n}.mp4`,
  size: 500,
  mtime_ns: "1700000000000000001",
  ...changed,
});

test("entries come back in order, through half lines and other files; days before the oldest backup go", () =>
  withDatabasePath(async (path, folder) => {
    const place = { path, folder: join(folder, "backups") };
    expect(readLedger(place)).toEqual([]);
    const day_ms = 86_400_000;
    await recordPublished(place, [entry(2, { at_ms: AT + day_ms })]);
    await recordPublished(place, [entry(0)]);
    appendFileSync(join(place.folder, "jobs-published-20261122.jsonl"), '{"at_ms": 17');
    await recordPublished(place, [entry(1), entry(3)]);
    writeFileSync(join(place.folder, "other-published-20261122.jsonl"), JSON.stringify(entry(7)));
    expect(readLedger(place).map(({ source_size }) => source_size)).toEqual([1000, 1001, 1003, 1002]);
    trimLedger(place, "2026-11-22T23:59:59Z");
    expect(readLedger(place)).toHaveLength(4);
    trimLedger(place, "2026-11-23T00:00:00Z");
    expect(readLedger(place)).toHaveLength(1);
    expect(readdirSync(place.folder)).toContain("other-published-20261122.jsonl");
  }));

test("films become completed, known or not, and are counted; what the database knows better stays", () =>
  withDatabasePath((path) => {
    const { database, store } = fill(path, 4);
    const newer = store.job("job0000002");
    if (newer === undefined) throw new Error("not there");
    store.saveJob({ ...newer, updated_ms: AT + 1 });
    // One that was held, one that waited, one that is newer, one that the database does not know.
    const entries = [entry(0), entry(1, { source_size: 77 }), entry(2), entry(9), entry(9)];
    expect(applyLedger(database.sqlite, entries)).toBe(3);
    expect(applyLedger(database.sqlite, entries)).toBe(0);
    const status = (n: number) => store.job(entry(n).job_id)?.status;
    expect([0, 1, 2, 3, 9].map(status)).toEqual([
      "completed",
      "completed",
      "pending",
      "processing",
      "completed",
    ]);
    expect(store.job("job0000001")).toMatchObject({
      source_size: 77,
      output_size: 500,
      published_rel: "a series/episode 1.mp4",
      published_size: 500,
      published_mtime_ns: "1700000000000000001",
      completed_at: "2026-11-22T12:00:00.000Z",
    });
    const counts = new Map(store.counts().map((row) => [row.status, row.jobs]));
    expect(Object.fromEntries(counts)).toEqual({ completed: 3, pending: 1, processing: 1 });
    database.close();
  }));

test("a replaced source is taken over once, also by a backup that knew it to be on its way", () =>
  withDatabasePath((path) => {
    const { database, store } = fill(path, 2);
    const kept_rel = ".vc/originals/job0000000.2/a series/episode 0.mkv";
    const entries = [entry(0, { kept_rel }), entry(0, { kept_rel, size: 700 })];
    applyLedger(database.sqlite, entries);
    const row = store.original({ job_id: "job0000000", attempt: 2 });
    expect(row).toMatchObject({ kept_rel, state: "kept", size: 1000, output_size: 500, replaced_ms: AT });
    if (row === undefined) throw new Error("not there");
    store.saveOriginal({ ...row, state: "moving", output_size: null, output_mtime_ns: null });
    applyLedger(database.sqlite, entries);
    expect(store.original(row)).toEqual(row);
    store.saveOriginal({ ...row, state: "returned" });
    applyLedger(database.sqlite, entries);
    expect(store.original(row)?.state).toBe("returned");
    database.close();
  }));

test("what was published beside a film is known with it", () =>
  withDatabasePath(async (path, folder) => {
    const place = { path, folder: join(folder, "backups") };
    const beside = [{ output_rel: "a series/episode 0.ger.sup", size: 5, mtime_ns: "1700000000000000001" }];
    await recordPublished(place, [entry(0, { beside }), entry(1)]);
    const { database, store } = fill(path, 2);
    expect(applyLedger(database.sqlite, readLedger(place))).toBe(2);
    expect(store.job("job0000000")?.published_beside).toEqual(beside);
    expect(store.job("job0000001")?.published_beside).toEqual([]);
  }));
