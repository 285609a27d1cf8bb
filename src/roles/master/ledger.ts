import { type LedgerEntry, recordPublished } from "../../db/ledger.ts";
import type { Clock } from "../../shared/clock.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf, systemCode } from "../../shared/errors.ts";
import { backupPlace } from "./backup.ts";
import type { PublishedFile, PublishIntent } from "./coordinator.ts";
import { outputKey } from "./output-names.ts";
import type { Problems } from "./problems.ts";

/** Resolves once the film is noted, or cannot be. */
export type Ledger = (intent: PublishIntent, published: PublishedFile[]) => Promise<void>;

/** A disk of backups that stands still holds no film up for longer. */
const PATIENCE_MS = 5_000;

/**
 * Notes beside the backups what is published, before the database says so: a film that is noted and never became
 * completed is published again at the next start, and noted again. Where that cannot be written, people are told, and
 * nothing stops. Films that come at one time are flushed together.
 */
export function createLedger(of: {
  database: MasterConfig["database"];
  problems: Problems;
  clock: Clock;
  record?: typeof recordPublished;
  patience_ms?: number;
}): Ledger {
  const { database, problems, clock, record = recordPublished, patience_ms = PATIENCE_MS } = of;
  const { path } = database;
  const { folder, keep } = backupPlace(database);
  const write = together(async (entries: [LedgerEntry, ...LedgerEntry[]]) => {
    try {
      await record({ path, folder }, entries);
      problems.clear("ledger");
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      problems.set("ledger", `${FAILED} in ${folder}: ${messageOf(error)}.`, "remark");
    }
  });
  return async (intent, [film, ...others]) => {
    if (keep === 0 || film === undefined) return;
    const { job_id, attempt, source_rel, source_size, source_mtime_ns } = intent;
    const kept = intent.original === null ? {} : { kept_rel: intent.original.kept_rel };
    const beside = others.length === 0 ? {} : { beside: others };
    const made_of = { job_id, attempt, source_rel, source_size, source_mtime_ns, ...kept };
    const entry = {
      ...made_of,
      ...film,
      ...beside,
      output_key: outputKey(film.output_rel),
      at_ms: clock.now().wall_ms,
    };
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      problems.set("ledger", `${FAILED} in ${folder}: its disk does not answer.`, "remark");
      resolve();
    }, patience_ms);
    await Promise.race([write(entry), late]);
    clearTimeout(timer);
  };
}

const FAILED = "What is published cannot be noted beside the backups";

/** What comes while an earlier write is under way waits, and is written in one. */
function together<T>(write: (all: [T, ...T[]]) => Promise<void>): (one: T) => Promise<void> {
  let waiting: T[] = [];
  let next: Promise<void> | null = null;
  let now: Promise<void> = Promise.resolve();
  const begin = async () => {
    await now.catch(() => undefined);
    const [first, ...rest] = waiting;
    waiting = [];
    next = null;
    if (first === undefined) return;
    now = write([first, ...rest]);
    await now;
  };
  return (one) => {
    waiting.push(one);
    next ??= begin();
    return next;
  };
}
