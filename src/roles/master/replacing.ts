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
