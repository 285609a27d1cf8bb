import * as v from "valibot";

/**
 * What became of a source that its result replaced. `moving`: it is being done; `kept`: the original lies in quarantine;
 * `returning`, `purging`: it is being put back, or deleted; `returned`, `purged`: that is done.
 */
export const ORIGINAL_STATES = ["moving", "kept", "returning", "returned", "purging", "purged"] as const;
export type OriginalState = (typeof ORIGINAL_STATES)[number];

/** The folder of the quarantine, '/'-separated below root_path. */
export const ORIGINALS_REL = ".vc/originals";

/** How long an original is kept: milliseconds, or for ever. */
export type Keep = number | "forever";

const Bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A replaced film as people see it. Paths are absolute on the master; times RFC 3339. */
export const Original = v.object({
  job_id: v.string(),
  attempt: v.number(),
  state: v.picklist(ORIGINAL_STATES),
  /** Where it belongs, and where it lies. */
  source_path: v.string(),
  kept_path: v.string(),
  size: Bytes,
  /** The result that stands in its place. */
  output_path: v.string(),
  output_size: v.nullable(Bytes),
  replaced_at: v.string(),
  /** When it may be deleted; null: never by itself. */
  due_at: v.nullable(v.string()),
});
export type Original = v.InferOutput<typeof Original>;
