import type { BigIntStats } from "node:fs";
import { chown, link, open, rename, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { OutputMode } from "../../shared/config-values.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import { removePublished } from "./beside.ts";
import type { PublishIntent } from "./coordinator.ts";
import * as files from "./files.ts";
import { type Placement, pathsOf, place, resultRefusal } from "./place.ts";
import { makeQuarantine, removeBelow, statBelow, throughRealFolders } from "./quarantine-folder.ts";
import { nextStep, type Sight, type Step } from "./replacing.ts";
import { requireOutputs, type Storage } from "./storage.ts";

/** What of a replacement lies where. */
type View = {
  sight: Sight;
  paths: { source: string; kept: string; target: string; staged: string; copy: string };
  rels: { source: string; kept: string; target: string };
  source: BigIntStats | null;
  kept: BigIntStats | null;
  target: BigIntStats | null;
};
type Failure = Extract<Placement, { state: "failed" }>;

/** Far more than any way through them takes, unless somebody else works on the same files. */
const MOST_STEPS = 12;

/**
 * Lets the film of a recorded intent take its source's place, and puts the source into quarantine. As `place`: may be
 * repeated at any time, and throws where the storage does not work now.
 */
export async function replaceSource(of: {
  storage: Storage;
  output_mode: OutputMode;
  intent: PublishIntent;
}): Promise<Placement> {
  await requireOutputs(of.storage);
  const [, ...others] = of.intent.outputs;
  const intent = { ...of.intent, outputs: others };
  const beside: Placement = others.length === 0 ? NOTHING : await place({ ...of, intent });
  if (beside.state === "failed") return beside;
  const replaced = await replaceFilm(of);
  if (replaced.state === "placed") {
    return { ...replaced, published: [...replaced.published, ...beside.published] };
  }
  await removePublished(of.storage.root_path, beside.published);
  return replaced;
}

const NOTHING: Placement = { state: "placed", published: [] };

async function replaceFilm(of: { storage: Storage; intent: PublishIntent }): Promise<Placement> {
  let refusal: Failure | null = null;
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const view = await look(of.storage, of.intent);
    const step = nextStep(view.sight);
    if (step === "done") return finish(view);
    if (typeof step !== "string") {
      const failure = failed(step.failure, view);
      return step.failure === "output_missing" ? { ...failure, ...refusal } : failure;
    }
    try {
      const failure = await act(step, view, of.storage);
      if (failure !== null) return failure;
    } catch (error) {
      refusal = resultRefusal(error);
      if (refusal === null) throw error;
      // Without its result, the next steps bring the original back to where it belongs.
      await clearStaged(view);
    }
  }
  throw new VcError(
    "storage",
    `${of.intent.source_rel} cannot be replaced: somebody else changes it all the time.`,
  );
}

async function look(storage: Storage, intent: PublishIntent): Promise<View> {
  const { original, source_rel } = intent;
  const [film] = intent.outputs;
  if (original === null || film === undefined) throw new Error(`job ${intent.job_id} replaces nothing`);
  const { root_path } = storage;
  const rels = { source: source_rel, kept: original.kept_rel, target: film.output_rel };
  const paths = {
    ...pathsOf(storage, intent, film),
    source: join(root_path, rels.source),
    kept: join(root_path, rels.kept),
  };
  const source = await statBelow(root_path, rels.source);
  const target = await statBelow(root_path, rels.target);
  const kept = await statBelow(root_path, rels.kept);
  const staged = (await files.statOf(paths.staged)) ?? (await files.statOf(paths.copy));
  const whole = (file: BigIntStats | null) =>
    file?.isFile() === true && file.size === BigInt(film.size ?? -1);
  const isOriginal = (file: BigIntStats) =>
    file.isFile() &&
    file.size === BigInt(intent.source_size) &&
    String(file.mtimeNs) === intent.source_mtime_ns;
  const isResult = (file: BigIntStats) => (staged === null ? whole(file) : files.isSameFile(file, staged));
  const kept_original = kept !== null && isOriginal(kept);
  const nameOf = (file: BigIntStats | null) => {
    if (file === null) return "gone";
    // The result has the original's time, and may by chance have its size.
    const moved = kept_original && !files.isSameFile(kept, file);
    if (isOriginal(file) && !(moved && isResult(file))) return "original";
    return isResult(file) ? "result" : "other";
  };
  const sight: Sight = {
    same_name: rels.target === rels.source,
    source: nameOf(source),
    kept: kept === null ? "free" : isOriginal(kept) ? "original" : "other",
    kept_is_source: files.isSameFile(kept, source),
    target: target === null ? "free" : isResult(target) ? "result" : "other",
    staged: whole(staged),
  };
  return { sight, paths, rels, source, kept, target };
}

/** Does one step, and makes it durable; a failure where it can never be done. */
async function act(step: Extract<Step, string>, view: View, { root_path }: Storage): Promise<Failure | null> {
  const { paths, rels, sight } = view;
  const durable = async (...of: string[]) => {
    for (const path of of) await files.syncFoldersOf(path, root_path);
  };
  switch (step) {
    case "keep": {
      const failure = obstacleNow(view) ?? (await keep(view, root_path));
      if (failure === null) await durable(paths.kept, paths.source);
      else if (sight.target === "result" && !sight.same_name) await removeBelow(root_path, rels.target);
      crashPoint("replace.kept_synced");
      return failure;
    }
    case "name": {
      if (sight.source === "original" && !sight.kept_is_source) {
        const failure = obstacleNow(view);
        if (failure !== null) return failure;
      }
      const named = await name(view, root_path);
      if (named === null) return behindSymlink(view);
      if (!named) return null;
      crashPoint("replace.named");
      await durable(paths.target);
      crashPoint("replace.named_synced");
      return null;
    }
    case "return": {
      const way = [rels.kept, rels.source] as const;
      const moved = await throughRealFolders(root_path, way, files.moveToFreeName);
      return moved === null ? behindSymlink(view) : durable(paths.source, paths.kept).then(() => null);
    }
    case "unname":
      await removeBelow(root_path, rels.target);
      return durable(paths.target).then(() => null);
    case "unkeep":
      await removeBelow(root_path, rels.kept);
      return durable(paths.kept).then(() => null);
    case "done":
      throw new Error(`nothing is left to do for ${rels.source}`);
  }
}

/** Into quarantine. Where the result will take the very name, the original keeps it until then. */
async function keep(view: View, root_path: string): Promise<Failure | null> {
  const { sight, rels } = view;
  try {
    await makeQuarantine(root_path, rels.kept);
    crashPoint("replace.folder");
    const move = sight.same_name ? link : rename;
    const moved = await throughRealFolders(root_path, [rels.source, rels.kept] as const, async (from, to) => {
      await move(from, to);
      return true;
    });
    crashPoint("replace.kept");
    return moved === null ? behindSymlink(view) : null;
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (!["EXDEV", "EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENAMETOOLONG"].includes(code))
      throw error;
    return irreplaceable(`the system does not let it go into quarantine (${messageOf(error)}).`);
  }
}

/** The result gets the original's permissions and times, and its owner where the system lets it. False: the name was taken; null: it is behind a symlink. */
async function name(view: View, root_path: string): Promise<boolean | null> {
  const { paths, rels, sight, source, kept } = view;
  const original = source ?? kept;
  const output_mode = Number(original?.mode ?? 0o644n) & 0o777;
  const staged = (await files.statOf(paths.staged)) !== null;
  const own = staged ? await files.makeOwn({ ...paths, output_mode }) : paths.copy;
  if (original !== null) await inherit(own, original);
  crashPoint("replace.own");
  const over = sight.same_name && sight.source === "original";
  return throughRealFolders(root_path, [rels.target] as const, async (target) => {
    if (!over) return files.moveToFreeName(own, target);
    if (!files.isSameFile(await files.statOf(target), await files.statOf(paths.kept))) return false;
    await files.replace(own, target);
    return true;
  });
}

/** As far as the system lets it: only root gives files away, but a group may be one of the master's own. */
async function inherit(path: string, { uid, gid, atimeNs, mtimeNs }: BigIntStats): Promise<void> {
  const me = process.geteuid?.();
  if (me !== undefined) {
    await chown(path, me === 0 ? Number(uid) : me, Number(gid)).catch(() => undefined);
  }
  await utimes(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9).catch(() => undefined);
  // By its time a result is known as vc's own: after a power loss, too.
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function obstacleNow({ source }: View): Failure | null {
  if (source === null || source.nlink <= 1n) return null;
  return irreplaceable(
    `it has ${source.nlink} names (hard links) by now; the others would keep the original.`,
  );
}

/** Where the original lies in quarantine already, it stays there and is known as kept. */
function behindSymlink({ kept }: View): Failure {
  const failure = irreplaceable("a symlink stands in the way to it or to its quarantine.");
  return { ...failure, original_kept: kept !== null };
}

function irreplaceable(why: string): Failure {
  const message = `The film cannot be replaced: ${why} The result was thrown away.`;
  return { state: "failed", outcome: "permanent", reason: "not_replaceable", message };
}

async function clearStaged({ paths }: View): Promise<void> {
  await files.remove(paths.staged);
  await files.remove(paths.copy);
}

async function finish(view: View): Promise<Placement> {
  const { rels, kept, target } = view;
  await clearStaged(view);
  crashPoint("replace.cleared");
  if (target === null) throw new Error(`${rels.target} is not there, although it was seen`);
  const published = [
    { output_rel: rels.target, size: Number(target.size), mtime_ns: String(target.mtimeNs) },
  ];
  return { state: "placed", published, original_kept: kept !== null };
}

function failed(failure: Extract<Step, object>["failure"], { rels, source, kept, paths }: View): Failure {
  const original_kept = kept !== null;
  if (failure === "output_missing") {
    const message = `The file that was handed in (${paths.staged}) does not exist, or is not whole.`;
    return { state: "failed", outcome: "retry", reason: failure, message, original_kept };
  }
  if (failure === "source_changed") {
    const what = source === null ? "is gone" : "has changed";
    const message = `The source ${what} since it was claimed; the result was thrown away.`;
    return { state: "failed", outcome: "requeue", reason: failure, message, original_kept };
  }
  const message = `${rels.target} already exists beside the film and vc did not put it there, so it was not replaced. Move it away, then retry the job.`;
  return { state: "failed", outcome: "permanent", reason: failure, message, original_kept };
}
