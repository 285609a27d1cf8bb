import { expect, test } from "bun:test";
import type { LedgerEntry, recordPublished } from "../../../src/db/ledger.ts";
import type { PublishIntent } from "../../../src/roles/master/coordinator.ts";
import { createLedger } from "../../../src/roles/master/ledger.ts";
import { createProblems } from "../../../src/roles/master/problems.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { logLines } from "../../support/log-lines.ts";
import { configOf } from "../../support/master-test.ts";

const film = (name: string): [PublishIntent, { output_rel: string; size: number; mtime_ns: string }[]] => [
  {
    ...{ job_id: name, attempt: 1, worker_id: "w", source_rel: `${name}.mkv`, source_size: 9 },
    ...{ source_mtime_ns: "1", outputs: [], original: null },
  } as unknown as PublishIntent,
  [{ output_rel: `${name}.mp4`, size: 5, mtime_ns: "2" }],
];

/** A ledger whose disk does what the test says, with the names that each write brought. */
function ledgerOn(disk: (entries: LedgerEntry[]) => Promise<void>, { keep = 3, patience_ms = 60_000 } = {}) {
  const writes: string[][] = [];
  const problems = createProblems(logLines().log);
  const record: typeof recordPublished = (_, entries) => {
    writes.push(entries.map(({ job_id }) => job_id));
    return disk(entries);
  };
  const database = { ...configOf("/nowhere", {}).database, backup_keep: keep };
  const ledger = createLedger({ database, problems, clock: systemClock, record, patience_ms });
  return { ledger, writes, problems: () => problems.list() };
}

test("films that come while the disk writes are written in one, and each waits for its own", async () => {
  const first = Promise.withResolvers<void>();
  const { ledger, writes, problems } = ledgerOn(([entry]) =>
    entry?.job_id === "a" ? first.promise : Promise.resolve(),
  );
  let done = 0;
  const all = ["a", "b", "c"].map(async (name) => {
    await ledger(...film(name));
    done += 1;
  });
  await new Promise(setImmediate);
  const late = ledger(...film("d"));
  await new Promise(setImmediate);
  expect({ writes, done }).toEqual({ writes: [["a", "b", "c"]], done: 0 });
  first.resolve();
  await Promise.all([...all, late]);
  expect({ writes, done, problems: problems() }).toEqual({
    writes: [["a", "b", "c"], ["d"]],
    done: 3,
    problems: [],
  });
});

test("a disk that fails, or does not answer, is told and holds nothing up", async () => {
  const full = ledgerOn(() => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })));
  await full.ledger(...film("a"));
  expect(full.problems()).toEqual([expect.stringContaining("cannot be noted beside the backups")]);
  const hung = ledgerOn(() => new Promise(() => {}), { patience_ms: 200 });
  await hung.ledger(...film("a"));
  expect(hung.problems()).toEqual([expect.stringContaining("its disk does not answer")]);
});

test("without backups nothing is noted", async () => {
  const { ledger, writes } = ledgerOn(() => Promise.resolve(), { keep: 0 });
  await ledger(...film("a"));
  expect(writes).toEqual([]);
});
