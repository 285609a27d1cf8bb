import type { OriginalRow } from "../../db/schema.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import { removePublished } from "./beside.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Problems } from "./problems.ts";
import { deleteOriginal, putBack, whyKept } from "./put-back.ts";
import type { Storage } from "./storage.ts";
import type { Transact } from "./transact.ts";

export type Keeper = {
  /** @throws VcError not_found, conflict (something else stands there now), storage */
  undo(id: string): Promise<Reply<"undo">>;
  /** @throws VcError not_found, conflict, storage */
  purge(input: Input<"purge">): Promise<Reply<"purge">>;
  /** Ends what a dead master had begun, then deletes all that is due. Throws VcError("storage"). */
  tidy(): Promise<void>;
};
type Parts = {
  coordinator: Coordinator;
  transact: Transact;
  storage: Storage;
  problems: Problems;
  log: Logger;
};

/** At each call, so that none takes long. */
const PAGE = 200;

/** Keeps the originals of replaced films: one thing at a time, so that none is put back and deleted at once. */
export function createKeeper(parts: Parts): Keeper {
  const inTurn = createTurns();
  return {
    undo: (id) =>
      inTurn(async () => {
        const row = await parts.transact(() => parts.coordinator.beginUndo(id));
        crashPoint("undo.recorded");
        return carryBack(parts, row);
      }),
    purge: (input) => inTurn(() => purge(parts, input)),
    tidy: () =>
      inTurn(async () => {
        await resume(parts);
        await purgeAll(parts);
      }),
  };
}

async function carryBack(parts: Parts, row: OriginalRow): Promise<Reply<"undo">> {
  const { coordinator, transact, log } = parts;
  const back = await onStorage(row, () => putBack(parts.storage, row));
  if (back.state === "refused") {
    await transact(() => coordinator.keepOriginal(row));
    throw new VcError("conflict", back.message);
  }
  // Without their film they are of no use; before it is forgotten which they are.
  await onStorage(row, () => removePublished(parts.storage.root_path, coordinator.besideResult(row)));
  const original = await transact((now) => coordinator.finishUndo(row, now));
  crashPoint("undo.committed");
  const { result_left } = back;
  log.info("an original was put back", { job_id: row.job_id, path: original.source_path, result_left });
  return { original, result_left };
}

async function purge(parts: Parts, input: Input<"purge">): Promise<Reply<"purge">> {
  const { coordinator } = parts;
  const { id, dry_run = false, force = false, older_than_ms, offset = 0 } = input;
  const forced = force && id !== undefined;
  const rows =
    id !== undefined
      ? [await parts.transact(() => coordinator.findOriginal(id))]
      : await parts.transact((now) => coordinator.dueOriginals({ older_than_ms, limit: PAGE, offset }, now));
  const reply: Reply<"purge"> = { purged: [], left: [], more: id === undefined && rows.length === PAGE };
  for (const row of rows) {
    const original = coordinator.toOriginal(row);
    const why = dry_run
      ? await onStorage(row, () => whyKept(parts.storage, row, forced))
      : await purgeOne(parts, row, forced);
    if (why === null) reply.purged.push(original);
    else reply.left.push({ original, why });
  }
  return reply;
}

/** Why it stays; null once it is gone. */
async function purgeOne(parts: Parts, row: OriginalRow, forced: boolean): Promise<string | null> {
  const { coordinator, transact, storage } = parts;
  const why = await onStorage(row, () => whyKept(storage, row, forced));
  if (why !== null) return why;
  if (!(await transact(() => coordinator.beginPurge(row)))) return "it is not kept any more";
  crashPoint("purge.recorded");
  await carryAway(parts, row);
  return null;
}

async function carryAway({ coordinator, transact, storage, log }: Parts, row: OriginalRow): Promise<void> {
  try {
    await onStorage(row, () => deleteOriginal(storage, row));
  } catch (error) {
    // Once the storage works again, much may have become of the result: it is weighed anew, and undo is open until then.
    if (error instanceof VcError) await transact(() => coordinator.keepOriginal(row));
    throw error;
  }
  await transact((now) => coordinator.finishPurge(row, now));
  crashPoint("purge.committed");
  log.info("an original was deleted", { job_id: row.job_id, path: row.kept_rel, bytes: row.size });
}

/** What was begun and not ended. */
async function resume(parts: Parts): Promise<void> {
  const { coordinator, transact, log } = parts;
  for (const row of await transact(() => coordinator.openOriginals())) {
    if (row.state === "returning") {
      const told = (error: unknown) => {
        if (!(error instanceof VcError) || error.code === "storage") throw error;
        log.warn("an original could not be put back", { job_id: row.job_id, error: error.message });
      };
      await carryBack(parts, row).catch(told);
    } else {
      await endPurge(parts, row);
    }
  }
}

/** The master may have been away for long, with the result gone meanwhile: the original is the last copy then. */
async function endPurge(parts: Parts, row: OriginalRow): Promise<void> {
  const { coordinator, transact, storage, log } = parts;
  const why = await onStorage(row, () => whyKept(storage, row, false));
  if (why === null) return carryAway(parts, row);
  await transact(() => coordinator.keepOriginal(row));
  log.warn("an original that was to be deleted stays", { job_id: row.job_id, path: row.kept_rel, why });
}

async function purgeAll(parts: Parts): Promise<void> {
  let left = 0;
  for (let more = true; more; ) {
    const reply = await purge(parts, { offset: left });
    left += reply.left.length;
    more = reply.more;
  }
  const sentence = `${left} originals of replaced films are past their time and stay, as their results are gone or changed; \`vc purge --dry-run\` lists them.`;
  if (left > 0) parts.problems.set("originals.left", sentence, "remark");
  else parts.problems.clear("originals.left");
}

/** The system's errors, as what a person can do something about. */
async function onStorage<T>(row: OriginalRow, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof VcError || systemCode(cause) === undefined) throw cause;
    const message = `The original of ${row.source_rel} stays as it is: ${messageOf(cause)}. It can be tried again once that is repaired.`;
    throw new VcError("storage", message, { cause });
  }
}

function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
}
