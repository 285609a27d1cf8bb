import { posix } from "node:path";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import { outputKey, outputNames } from "./output-names.ts";

/**
 * The rules of replacing sources. At no moment is there neither the original nor its result under the film's name in its
 * folder, and the original is nowhere deleted: it is moved into quarantine, on the same file system.
 */

/**
 * The names that a result may have in its source's folder, the wanted one first: the source's own, where that has the
 * extension already. The others are only held by films that must be left alone because the wanted one is taken.
 */
export function* replacingNames(source_rel: string, extension: string): Generator<string> {
  const [wanted = source_rel] = outputNames(source_rel, extension);
  yield outputKey(wanted) === outputKey(source_rel) ? source_rel : wanted;
  for (const name of outputNames(source_rel, extension)) if (name !== wanted) yield name;
}

/** Where an original lies in quarantine, '/'-separated below root_path: its path is kept, below a folder of its own. */
export function keptRel(of: { job_id: string; attempt: number; source_rel: string }): string {
  return posix.join(ORIGINALS_REL, `${of.job_id}.${of.attempt}`, of.source_rel);
}

/** What lies under the names that a replacement is about. */
export type Sight = {
  /** The result takes the source's very name. */
  same_name: boolean;
  source: "original" | "result" | "other" | "gone";
  kept: "original" | "other" | "free";
  /** Both are names of one file. */
  kept_is_source: boolean;
  /** As `source`, where the names are the same. */
  target: "result" | "other" | "free";
  /** The staged result is there, and whole. */
  staged: boolean;
};

export type Step =
  /** Into quarantine: a second name where the result will take the first, else a move. */
  | "keep"
  /** The result takes its name. */
  | "name"
  | "done"
  /** The original goes from quarantine back to its place; then it is looked again. */
  | "return"
  /** The result's name is taken from it again. */
  | "unname"
  /** The name in quarantine goes, which is one more of the source itself. */
  | "unkeep"
  | { failure: "output_missing" | "source_changed" | "name_taken" };

/**
 * The next step of a replacement, after which it is looked again: so it goes on after a death between any two of them.
 * With two names: the result beside the original, then the original into quarantine. With one: the original gets a second
 * name in quarantine, then the result is renamed over the first.
 */
export function nextStep(sight: Sight): Step {
  return sight.same_name ? nextOfOneName(sight) : nextOfTwoNames(sight);
}

function nextOfTwoNames({ source, kept, target, staged }: Sight): Step {
  if (kept === "original") {
    if (target === "result") return "done";
    if (target === "free" && staged) return "name";
    // Where it belongs stands another film by now: it stays in quarantine, where a person finds it.
    if (source === "gone") return "return";
    return { failure: source === "original" ? missingOrTaken(target) : "source_changed" };
  }
  if (source === "original" && kept === "free") {
    if (target === "result") return "keep";
    return target === "free" && staged ? "name" : { failure: missingOrTaken(target) };
  }
  if (kept === "other" && source === "gone") return "return";
  // Somebody deleted the source in between: the result is all that there is.
  if (target === "result" && source === "gone") return "done";
  if (target === "result") return "unname";
  return { failure: source === "original" ? "name_taken" : "source_changed" };
}

function nextOfOneName({ source, kept, kept_is_source, staged }: Sight): Step {
  if (source === "result") return "done";
  if (kept === "original" && source !== "other" && staged) return "name";
  if (kept !== "free" && source === "gone") return "return";
  if (kept_is_source) return "unkeep";
  if (source !== "original") return { failure: "source_changed" };
  if (kept !== "free") return { failure: "name_taken" };
  return staged ? "keep" : { failure: "output_missing" };
}

function missingOrTaken(target: Sight["target"]): "output_missing" | "name_taken" {
  return target === "free" ? "output_missing" : "name_taken";
}

/** What the file system says of a film that is to be replaced. */
export type Traits = {
  /** Names of the file (hard links). */
  names: number;
  /** It lies on root_path's file system. */
  same_device: boolean;
  /** Somebody may write into it, and this master may. */
  writable: boolean;
  /** This master may take names from its folder and make new ones. */
  folder_writable: boolean;
  /** Files can have several names here. */
  can_link: boolean;
  /** Another entry of its folder that has the result's name, as far as letters' case goes. */
  beside: string | null;
  same_name: boolean;
};

/** Why a film cannot be replaced, before anything is done; null: it can. */
export function obstacleTo(
  traits: Traits,
): { reason: "not_replaceable" | "name_taken"; message: string } | null {
  const because = (text: string) => ({
    reason: "not_replaceable" as const,
    message: `Left alone, as storage.replace cannot replace it: ${text}`,
  });
  if (traits.names > 1)
    return because(
      `the file has ${traits.names} names (hard links). The others would keep the original, and its room.`,
    );
  if (!traits.writable) return because("the file is read-only. Make it writable, and it is converted.");
  if (!traits.folder_writable)
    return because("its folder is read-only for this master. Make it writable, and the film is converted.");
  if (!traits.same_device)
    return because(
      "it lies on another file system than root_path, to whose quarantine the original would have to be copied. Give that one a master of its own.",
    );
  if (traits.same_name && !traits.can_link)
    return because(
      "the result would have the same name, and this file system knows no second names (hard links), without which the film would be missing for a moment. Choose another container.",
    );
  if (traits.beside === null) return null;
  const message = `Left alone: ${traits.beside} beside it has the name that the result would get. Move one of them away.`;
  return { reason: "name_taken", message };
}
