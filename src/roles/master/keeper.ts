import type { OriginalRow } from "../../db/schema.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { fileTrouble, systemCode, VcError } from "../../shared/errors.ts";
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
  /**
   * Ends what a dead master had begun, then deletes all that is due; what the system refuses of one original is told as a
   * problem, and waits for the next time. Throws VcError("storage") where the storage as a whole does not work.
   */
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
        const stuck = await resume(parts);
        tellStuck(parts, [...stuck, ...(await purgeAll(parts))]);
      }),
  };
}

async function carryBack(parts: Parts, row: OriginalRow): Promise<Reply<"undo">> {
  const { coordinator, transact, log } = parts;
  const back = await onFile(row, () => putBack(parts.storage, row));
  if ("stuck" in back) throw staysAsItIs(back.stuck);
  if (back.state === "refused") {
    await transact(() => coordinator.keepOriginal(row));
    throw new VcError("conflict", back.message);
  }
  // Without their film they are of no use; before it is forgotten which they are.
  const beside = coordinator.besideResult(row);
  const removed = await onFile(
    row,
    async () => void (await removePublished(parts.storage.root_path, beside)),
  );
  if (removed !== undefined) throw staysAsItIs(removed.stuck);
  const original = await transact((now) => coordinator.finishUndo(row, now));
  crashPoint("undo.committed");
  const { result_left } = back;
  log.info("an original was put back", { job_id: row.job_id, path: original.source_path, result_left });
  return { original, result_left };
}

async function purge(parts: Parts, input: Input<"purge">): Promise<Reply<"purge">> {
  const { stuck, ...reply } = await purgePage(parts, input);
  const [first] = stuck;
  // Who names one film wants to hear of a failure.
  if (first !== undefined && input.id !== undefined) throw staysAsItIs(first);
  return reply;
}

type Page = Reply<"purge"> & { stuck: Stuck[] };

async function purgePage(parts: Parts, input: Input<"purge">): Promise<Page> {
  const { coordinator } = parts;
  const { id, dry_run = false, force = false, older_than_ms, offset = 0 } = input;
  const forced = force && id !== undefined;
  const rows =
    id !== undefined
      ? [await parts.transact(() => coordinator.findOriginal(id))]
      : await parts.transact((now) => coordinator.dueOriginals({ older_than_ms, limit: PAGE, offset }, now));
  const page: Page = { purged: [], left: [], stuck: [], more: id === undefined && rows.length === PAGE };
  for (const row of rows) {
    const original = coordinator.toOriginal(row);
    const ended = dry_run
      ? await onFile(row, () => whyKept(parts.storage, row, forced))
      : await purgeOne(parts, row, forced);
    if (ended === null) page.purged.push(original);
    else if (typeof ended === "string") page.left.push({ original, why: ended });
    else {
      page.left.push({ original, why: `it cannot be deleted now: ${ended.stuck.trouble}` });
      page.stuck.push(ended.stuck);
    }
  }
  return page;
}

/** Why it stays; null once it is gone. */
async function purgeOne(
  parts: Parts,
  row: OriginalRow,
  forced: boolean,
): Promise<string | null | { stuck: Stuck }> {
  const { coordinator, transact, storage } = parts;
  const why = await onFile(row, () => whyKept(storage, row, forced));
  if (why !== null) return why;
  if (!(await transact(() => coordinator.beginPurge(row)))) return "it is not kept any more";
  crashPoint("purge.recorded");
  return carryAway(parts, row);
}

async function carryAway(
  { coordinator, transact, storage, log }: Parts,
  row: OriginalRow,
): Promise<null | { stuck: Stuck }> {
  // Once the storage works again, much may have become of the result: it is weighed anew, and undo is open until then.
  const stays = () => transact(() => coordinator.keepOriginal(row));
  try {
    const deleted = await onFile(row, () => deleteOriginal(storage, row));
    if (deleted !== undefined) {
      await stays();
      return deleted;
    }
  } catch (error) {
    if (error instanceof VcError) await stays();
    throw error;
  }
  await transact((now) => coordinator.finishPurge(row, now));
  crashPoint("purge.committed");
  log.info("an original was deleted", { job_id: row.job_id, path: row.kept_rel, bytes: row.size });
  return null;
}

/** What was begun and not ended; what of it the system refuses. */
async function resume(parts: Parts): Promise<Stuck[]> {
  const { coordinator, transact, log } = parts;
  const stuck: Stuck[] = [];
  for (const row of await transact(() => coordinator.openOriginals())) {
    if (row.state === "returning") {
      const told = (error: unknown) => {
        if (!(error instanceof VcError)) throw error;
        const its_own = ownTrouble(error);
        if (its_own !== null) return void stuck.push(its_own);
        if (error.code === "storage") throw error;
        log.warn("an original could not be put back", { job_id: row.job_id, error: error.message });
      };
      await carryBack(parts, row).catch(told);
    } else {
      const ended = await endPurge(parts, row);
      if (ended !== null) stuck.push(ended.stuck);
    }
  }
  return stuck;
}

/** The master may have been away for long, with the result gone meanwhile: the original is the last copy then. */
async function endPurge(parts: Parts, row: OriginalRow): Promise<null | { stuck: Stuck }> {
  const { coordinator, transact, storage, log } = parts;
  const why = await onFile(row, () => whyKept(storage, row, false));
  if (why === null) return carryAway(parts, row);
  await transact(() => coordinator.keepOriginal(row));
  if (typeof why !== "string") return why;
  log.warn("an original that was to be deleted stays", { job_id: row.job_id, path: row.kept_rel, why });
  return null;
}

async function purgeAll(parts: Parts): Promise<Stuck[]> {
  const stuck: Stuck[] = [];
  let left = 0;
  for (let more = true; more; ) {
    const page = await purgePage(parts, { offset: left });
    left += page.left.length;
    stuck.push(...page.stuck);
    more = page.more;
  }
  const changed = left - stuck.length;
  const sentence = `${changed} originals of replaced films are past their time and stay, as their results are gone or changed; \`vc purge --dry-run\` lists them.`;
  if (changed > 0) parts.problems.set("originals.left", sentence, "remark");
  else parts.problems.clear("originals.left");
  return stuck;
}

/** One sentence for all of them: a folder that lost its permissions may hold thousands. */
function tellStuck({ problems }: Parts, stuck: Stuck[]): void {
  const [first] = stuck;
  if (first === undefined) {
    problems.clear("originals.stuck");
    return;
  }
  const more = stuck.length > 1 ? ` The same is so of ${stuck.length - 1} more.` : "";
  const sentence = `The original ${first.kept_rel} cannot be deleted or put back: ${first.trouble}.${more} It is tried again every few minutes.`;
  problems.set("originals.stuck", sentence, "remark");
}

/** What the system refuses of one original, and of no other by that. */
type Stuck = Pick<OriginalRow, "source_rel" | "kept_rel"> & { trouble: string; cause: unknown };

/** What keeps the storage as a whole from working is thrown on. */
async function onFile<T>(
  { source_rel, kept_rel }: OriginalRow,
  act: () => Promise<T>,
): Promise<T | { stuck: Stuck }> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof VcError || systemCode(cause) === undefined) throw cause;
    return { stuck: { source_rel, kept_rel, trouble: fileTrouble(cause), cause } };
  }
}

/** As what a person can do something about. */
function staysAsItIs(stuck: Stuck): VcError {
  const message = `The original of ${stuck.source_rel} stays as it is: ${stuck.trouble}. It can be tried again once that is repaired.`;
  return new VcError("storage", message, { cause: stuck });
}

function ownTrouble({ cause }: VcError): Stuck | null {
  return cause !== null && typeof cause === "object" && "kept_rel" in cause ? (cause as Stuck) : null;
}

function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
}
