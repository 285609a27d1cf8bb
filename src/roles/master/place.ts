import type { BigIntStats } from "node:fs";
import { join, posix } from "node:path";
import type { OutputMode } from "../../shared/config-values.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { systemCode } from "../../shared/errors.ts";
import { removePublished } from "./beside.ts";
import type { PublishedFile, PublishFailure, PublishIntent } from "./coordinator.ts";
import * as files from "./files.ts";
import { statBelow } from "./quarantine-folder.ts";
import { requireOutputs, requireSources, type Storage } from "./storage.ts";
import { openWay } from "./way.ts";

export type Placement =
  | { state: "placed"; published: PublishedFile[]; original_kept?: boolean }
  | ({ state: "failed" } & PublishFailure);

type Output = PublishIntent["outputs"][number];
type Paths = { staged: string; copy: string; target: string };
type Failed = Extract<Placement, { state: "failed" }>;
/** What lies where: `file` is the staged file or the master's copy of it. */
type Found = Paths & {
  base: string;
  output: Output;
  file: BigIntStats | null;
  existing: BigIntStats | null;
};

/**
 * Moves the files of a recorded intent from staging to their names. May be repeated at any time, also after a
 * crash between any two of its steps. Throws VcError("storage") or the system's error when the storage does not
 * work now; what can never work comes back as `failed`.
 */
export async function place(of: {
  storage: Storage;
  output_mode: OutputMode;
  intent: PublishIntent;
}): Promise<Placement> {
  const { storage, intent, output_mode } = of;
  await requireOutputs(storage);
  try {
    const found = await Promise.all(intent.outputs.map((output) => findOutput(storage, intent, output)));
    const open = found.filter((one) => !isPlaced(one));
    const failure = open.length > 0 ? ((await sourceFailure(storage, intent)) ?? firstFailure(open)) : null;
    if (failure !== null) return failure;
    crashPoint("publish.checked");
    // The film last: whoever sees it finds what goes with it.
    const placed: PublishedFile[] = [];
    for (const one of found.toReversed()) {
      const failed = await placeOne(one, await inheritance(storage, intent, output_mode));
      if (failed !== null) {
        await removePublished(one.base, placed);
        return failed;
      }
      await files.syncFoldersOf(one.target, baseOf(storage, intent));
      placed.push(await publishedFile(one));
    }
    crashPoint("publish.synced");
    return { state: "placed", published: placed.toReversed() };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refusal;
  }
}

/** What a result has of its source: its time, and its permissions where none are configured. */
type Inheritance = { output_mode: number; source: BigIntStats | null };

async function inheritance(
  { root_path }: Storage,
  { source_rel }: PublishIntent,
  output_mode: OutputMode,
): Promise<Inheritance> {
  const source = await statBelow(root_path, source_rel);
  const kept_mode = Number(source?.mode ?? 0o644n) & 0o777;
  return { output_mode: output_mode === "keep" ? kept_mode : output_mode, source };
}

/** Takes away what an attempt staged, once nobody needs it. */
export async function discard(storage: Storage, intent: PublishIntent): Promise<void> {
  for (const output of intent.outputs) {
    const { staged, copy } = pathsOf(storage, intent, output);
    await files.remove(staged);
    await files.remove(copy);
  }
}

/** A result that replaces its source goes where that lies, also once results are configured to go elsewhere. */
function baseOf({ root_path, output_base }: Storage, { original }: PublishIntent): string {
  return original === null ? output_base : root_path;
}

export function pathsOf(storage: Storage, intent: PublishIntent, output: Output): Paths {
  const base = baseOf(storage, intent);
  const staged = join(base, ".vc", output.staging);
  // Still a staging file's name, so that a forgotten one is cleaned up like any other.
  return { staged, copy: `${staged}copy`, target: join(base, output.output_rel) };
}

async function findOutput(storage: Storage, intent: PublishIntent, output: Output): Promise<Found> {
  const paths = pathsOf(storage, intent, output);
  const [staged, copy] = await Promise.all([paths.staged, paths.copy].map(files.statOf));
  const base = baseOf(storage, intent);
  // What lies behind a symlink is not there; whether one is in the way shows when the way is gone.
  const existing = await statBelow(base, output.output_rel);
  return { ...paths, base, output, file: staged ?? copy ?? null, existing };
}

/** True after a crash that came too late to do harm: the file already has its name. */
function isPlaced({ output, file, existing }: Found): boolean {
  if (existing === null) return false;
  if (file !== null) return files.isSameFile(file, existing);
  return isWhole(existing, output) && !isPrevious(existing, output);
}

function isWhole(file: BigIntStats, output: Output): boolean {
  return file.isFile() && (output.size === null ? file.size > 0n : file.size === BigInt(output.size));
}

/** What vc itself published under the name before, from an older version of the source. */
function isPrevious(existing: BigIntStats, { previous }: Output): boolean {
  return (
    previous !== null &&
    existing.isFile() &&
    existing.size === BigInt(previous.size) &&
    String(existing.mtimeNs) === previous.mtime_ns
  );
}

async function sourceFailure(storage: Storage, intent: PublishIntent): Promise<Placement | null> {
  const { root_path } = storage;
  const found = await statBelow(root_path, intent.source_rel);
  const source = found?.isFile() === true ? found : null;
  const same = source?.size === BigInt(intent.source_size);
  if (same && String(source?.mtimeNs) === intent.source_mtime_ns) return null;
  if (source === null) await requireSources(storage);
  const what = source === null ? "is gone" : "has changed";
  const message = `The source ${what} since it was claimed; the result was thrown away.`;
  return { state: "failed", outcome: "requeue", reason: "source_changed", message };
}

function firstFailure(open: Found[]): Placement | null {
  for (const { output, file, existing } of open) {
    if (file === null || !isWhole(file, output)) return outputMissing(output, file);
    if (existing !== null && !isPrevious(existing, output)) return nameTaken(output);
  }
  return null;
}

function outputMissing(output: Output, file: BigIntStats | null): Placement {
  const found =
    file === null
      ? "does not exist"
      : `has ${file.size} bytes${file.isFile() ? "" : " and is no regular file"}`;
  const wanted = output.size === null ? "" : `, ${output.size} bytes were announced`;
  const message = `The file that was handed in (.vc/${output.staging}) ${found}${wanted}.`;
  return { state: "failed", outcome: "retry", reason: "output_missing", message };
}

function behindSymlink(output: Output, symlink: string): Failed {
  const message = `In the output folder, ${symlink} is a symlink, so ${output.output_rel} was not put behind it. Make it a folder, then retry the job.`;
  return { state: "failed", outcome: "permanent", reason: "name_taken", message };
}

function nameTaken(output: Output): Failed {
  const message = `${output.output_rel} already exists in the output folder and vc did not put it there, so it was not replaced. Move it away, then retry the job.`;
  return { state: "failed", outcome: "permanent", reason: "name_taken", message };
}

/** A failure when the name is taken by now. Staged files go last, so that every step can be told from what is left. */
async function placeOne(one: Found, of: Inheritance): Promise<Failed | null> {
  const { staged, copy } = one;
  if (!isPlaced(one)) {
    const stagedIsThere = (await files.statOf(staged)) !== null;
    const own = stagedIsThere ? await files.makeOwn({ staged, copy, ...of }) : copy;
    if (of.source !== null) await files.inheritTimes(own, of.source);
    crashPoint("publish.own");
    const failed = await giveName(one, own);
    if (failed !== null) return failed;
    crashPoint("publish.named");
  }
  await files.remove(staged);
  await files.remove(copy);
  crashPoint("publish.cleared");
  return null;
}

async function giveName({ base, output, existing }: Found, own: string): Promise<Failed | null> {
  const way = await openWay(base, posix.dirname(output.output_rel));
  if ("symlink" in way) return behindSymlink(output, way.symlink);
  try {
    crashPoint("publish.folder");
    const target = join(way.path, posix.basename(output.output_rel));
    if (existing === null) return (await files.moveToFreeName(own, target)) ? null : nameTaken(output);
    if (!files.isSameFile(await files.statOf(target), existing)) return nameTaken(output);
    await files.replace(own, target);
    return null;
  } finally {
    await way.close();
  }
}

async function publishedFile({ output, target }: Found): Promise<PublishedFile> {
  const stat = await files.statOf(target);
  if (stat === null) throw Object.assign(new Error(`${target} is gone again`), { code: "ENOENT" });
  return { output_rel: output.output_rel, size: Number(stat.size), mtime_ns: String(stat.mtimeNs) };
}

/** Errors that trying again cannot cure; null for all others. */
function refusalOf(error: unknown): Failed | null {
  if (["ENOTDIR", "EEXIST"].includes(systemCode(error) ?? "")) {
    const message =
      "In the output folder, a file stands where a folder must be made for the result. Move it away, then retry the job.";
    return { state: "failed", outcome: "permanent", reason: "name_taken", message };
  }
  return resultRefusal(error);
}

/** Those of them that are about the result itself, wherever it is to go. */
export function resultRefusal(error: unknown): Failed | null {
  const code = systemCode(error) ?? "";
  if (["ENAMETOOLONG", "EILSEQ"].includes(code)) {
    const message =
      "The file system that results go to cannot hold the result's name. Give the source a shorter, plainer name.";
    return { state: "failed", outcome: "permanent", reason: "unsupported", message };
  }
  if (code === files.NOT_ALONE) {
    const { message } = error as Error;
    return { state: "failed", outcome: "retry", reason: "output_missing", message };
  }
  return null;
}
