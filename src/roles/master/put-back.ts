import type { BigIntStats } from "node:fs";
import { rename, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OriginalRow } from "../../db/schema.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { VcError } from "../../shared/errors.ts";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import * as files from "./files.ts";
import { removeBelow, statBelow, throughRealFolders } from "./quarantine-folder.ts";
import { requireOutputs, requireSources, type Storage } from "./storage.ts";

type Paths = { source: string; kept: string; target: string };
type View = Paths & Record<"source_file" | "kept_file" | "target_file", BigIntStats | null>;

/** `result_left`: what stands under the result's name is no longer what vc put there, so it stays. */
export type PutBack = { state: "returned"; result_left: boolean } | { state: "refused"; message: string };

/**
 * Puts an original back in its place, and then takes its result away. May be repeated, also after a death between any two
 * steps: first the original is back, durably, and only then the result goes. Throws VcError("storage"), and the system's
 * errors.
 */
export async function putBack(storage: Storage, row: OriginalRow): Promise<PutBack> {
  await requireFilms(storage);
  const { root_path } = storage;
  const view = await look(root_path, row);
  const back = await bringBack(view, row, root_path);
  if (back !== null) return back;
  crashPoint("undo.returned");
  const { target_file, target } = await look(root_path, row);
  const result_left =
    target_file !== null && row.output_rel !== row.source_rel && !isResult(target_file, row);
  if (target_file !== null && row.output_rel !== row.source_rel && !result_left) {
    await removeBelow(root_path, row.output_rel);
    await files.syncFoldersOf(target, root_path);
  }
  crashPoint("undo.cleared");
  await removeEmptyFolders(root_path, row.kept_rel);
  return { state: "returned", result_left };
}

/** The original in its place; null once it is there. */
async function bringBack(view: View, row: OriginalRow, root_path: string): Promise<PutBack | null> {
  const { source, source_file, kept, kept_file } = view;
  const in_place = source_file !== null && isOriginal(source_file, row);
  if (kept_file === null) {
    return in_place ? null : refused(`The original is no longer in ${kept}, so it cannot be put back.`);
  }
  if (!isOriginal(kept_file, row)) {
    return refused(`${kept} is not the file any more that was put there; look at it, and move it yourself.`);
  }
  const same = files.isSameFile(kept_file, source_file);
  const over = row.output_rel === row.source_rel && source_file !== null && isResult(source_file, row);
  if (!same && !over && source_file !== null) return standsThere(row);
  const rels = [row.kept_rel, row.source_rel] as const;
  const moved = await throughRealFolders(root_path, rels, async (from, to) => {
    if (same) await files.remove(from);
    // At one stroke: whoever opens the film gets the one or the other.
    else if (over) await rename(from, to);
    else return files.moveToFreeName(from, to);
    return true;
  });
  if (moved === null) return refused(`The way to ${source} leads through a symlink; it is not followed.`);
  if (!moved) return standsThere(row);
  await files.syncFoldersOf(source, root_path);
  await files.syncFoldersOf(kept, root_path);
  return null;
}

/** Deletes an original. May be repeated. Throws the system's errors. */
export async function deleteOriginal({ root_path }: Storage, row: OriginalRow): Promise<void> {
  const kept = join(root_path, row.kept_rel);
  if (await removeBelow(root_path, row.kept_rel)) await files.syncFoldersOf(kept, root_path);
  crashPoint("purge.deleted");
  await removeEmptyFolders(root_path, row.kept_rel);
}

/**
 * Why an original stays although its time is over; null: it may be deleted. Never the last copy: a result must stand in its
 * place as vc put it there, unless `forced`. Throws VcError("storage").
 */
export async function whyKept(storage: Storage, row: OriginalRow, forced: boolean): Promise<string | null> {
  await requireFilms(storage);
  const { root_path } = storage;
  const { kept_file, target_file } = await look(root_path, row);
  if (kept_file === null) return null;
  if (!isOriginal(kept_file, row)) return "what lies in quarantine is not the file that was put there";
  if (forced) return null;
  if (target_file === null) return `its result ${row.output_rel} is gone`;
  return isResult(target_file, row) ? null : `its result ${row.output_rel} was changed since`;
}

/** Folders that are not mounted look as if everything in them had been deleted. */
async function requireFilms(storage: Storage): Promise<void> {
  await requireSources(storage);
  if (storage.output_base === storage.root_path) await requireOutputs(storage);
  const folder = join(storage.root_path, ORIGINALS_REL);
  if ((await files.statOf(folder)) !== null) return;
  const message = `${folder} does not exist, although originals are kept there; is the volume mounted? If it was removed on purpose, make it again.`;
  throw new VcError("storage", message);
}

async function look(root_path: string, row: OriginalRow): Promise<View> {
  return {
    source: join(root_path, row.source_rel),
    kept: join(root_path, row.kept_rel),
    target: join(root_path, row.output_rel),
    source_file: await statBelow(root_path, row.source_rel),
    kept_file: await statBelow(root_path, row.kept_rel),
    target_file: await statBelow(root_path, row.output_rel),
  };
}

function isOriginal(file: BigIntStats, { size, mtime_ns }: OriginalRow): boolean {
  return file.isFile() && file.size === BigInt(size) && String(file.mtimeNs) === mtime_ns;
}

function isResult(file: BigIntStats, { output_size, output_mtime_ns }: OriginalRow): boolean {
  const known = output_size !== null && output_mtime_ns !== null;
  return (
    known && file.isFile() && file.size === BigInt(output_size) && String(file.mtimeNs) === output_mtime_ns
  );
}

function standsThere({ source_rel }: OriginalRow): PutBack {
  return refused(`Another file stands at ${source_rel} by now. Move it away, then say it again.`);
}

function refused(message: string): PutBack {
  return { state: "refused", message };
}

/** Of the quarantine, up to its own folder. */
async function removeEmptyFolders(root_path: string, kept_rel: string): Promise<void> {
  const top = join(root_path, ORIGINALS_REL);
  for (let folder = dirname(join(root_path, kept_rel)); folder !== top; folder = dirname(folder)) {
    const gone = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
}
