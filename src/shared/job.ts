import * as v from "valibot";
import { Conversion } from "./conversion.ts";
import { FilmRules } from "./film-rules.ts";
import { QualityScore, QualitySearch } from "./quality.ts";

export const JOB_STATUSES = [
  "pending",
  "processing",
  "publishing",
  "completed",
  "failed",
  "skipped",
  "cancelled",
] as const;
export const JobStatus = v.picklist(JOB_STATUSES);
export type JobStatus = v.InferOutput<typeof JobStatus>;

/** What a worker says of an attempt that did not end in a film. */
export const FAILURE_OUTCOMES = ["retry", "permanent", "skipped"] as const;

/** Not the film's fault: an attempt that ended so counts in `lost_count` and costs the job no retry. */
export const LOST_REASONS = [
  "lease_expired",
  "worker_restarted",
  "drained",
  "disk_full",
  "mount_lost",
  "transfer_failed",
  "ffmpeg_missing",
  "source_changed",
  "source_unreadable",
] as const;

/** It may go better next time, and each costs the job a retry. */
export const RETRY_REASONS = [
  "ffmpeg_failed",
  "stalled",
  "job_timeout",
  "ffmpeg_timeout",
  "verification_failed",
  "output_missing",
  "worker_error",
  "unspecified",
] as const;

/** Why an attempt ended as it did: a closed list, so that screens and rules can rely on it. */
export const REASONS = [
  ...RETRY_REASONS,
  ...LOST_REASONS,
  // permanent: trying again cannot help
  "source_damaged",
  "encrypted",
  "unsupported",
  "name_taken",
  "gave_up",
  "quality_missed",
  // skipped: nothing to do
  "no_video",
  "not_a_video",
  "source_missing",
  // skipped: by the master's rules, or settings
  "excluded",
  "too_small",
  "too_short",
  "already_converted",
  "not_smaller",
  "not_replaceable",
  "would_lose",
  // by a person
  "cancelled",
  "undone",
] as const;
export const Reason = v.picklist(REASONS);
export type Reason = v.InferOutput<typeof Reason>;

/** JSON's 1e999 is a number, which no JSON can say again. Milliseconds or seconds: a hundred years. */
const Measure = v.pipe(v.number(), v.minValue(0), v.maxValue(100 * 366 * 86_400_000));

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Timestamp = v.string();

const STAGES = [
  "downloading",
  "probing",
  "measuring",
  "searching",
  "encoding",
  "verifying",
  "uploading",
  "handing_in",
] as const;

/** Where a running attempt is. `percent` is of the whole film, 0 to 100; `eta_s` and `fps` null while unknown. */
export const Progress = v.object({
  stage: v.picklist(STAGES),
  percent: v.pipe(v.number(), v.finite()),
  fps: v.nullable(Measure),
  speed: v.nullable(Measure),
  eta_s: v.nullable(Measure),
});
export type Progress = v.InferOutput<typeof Progress>;

/** A job as people and clients see it; the names are also those of the table's columns. */
export const Job = v.object({
  id: v.string(),
  kind: v.string(),
  parent_id: v.nullable(v.string()),
  source_path: v.string(),
  output_path: v.string(),
  /** '/'-separated, under the source root and the output base. */
  source_rel: v.string(),
  output_rel: v.string(),
  status: JobStatus,
  reason: v.nullable(Reason),
  error_message: v.nullable(v.string()),
  worker_id: v.nullable(v.string()),
  /** The fencing token: the number of the newest claim, 0 before the first. */
  attempt: Count,
  priority: v.pipe(v.number(), v.safeInteger()),
  retry_count: Count,
  max_retries: Count,
  lost_count: Count,
  /** A pending job that waits for its back-off: when it may run, else null. */
  not_before: v.nullable(Timestamp),
  created_at: Timestamp,
  started_at: v.nullable(Timestamp),
  completed_at: v.nullable(Timestamp),
  source_size: Count,
  /** Nanoseconds as text: no JSON number holds them. */
  source_mtime_ns: v.string(),
  /** Seconds. */
  source_duration: v.nullable(v.number()),
  output_size: v.nullable(Count),
  /** What could not be kept, and what else a person should know, one sentence each. */
  notes: v.array(v.string()),
  /** Of the rules: the one that the newest attempt was made with, or a pending job would be now; null: none. */
  profile: v.optional(v.nullable(v.string())),
  progress: v.nullable(Progress),
});
export type Job = v.InferOutput<typeof Job>;

/** A claimed job with everything that is needed to run it. */
export const JobOrder = v.object({
  id: v.string(),
  attempt: Count,
  kind: v.string(),
  status: v.literal("processing"),
  created_at: Timestamp,
  source_path: v.string(),
  output_path: v.string(),
  source_rel: v.string(),
  output_rel: v.string(),
  source_size: Count,
  source_mtime_ns: v.string(),
  /** The name of the file to write, in OUTPUT_BASE/.vc. */
  staging: v.string(),
  conversion: Conversion,
  rules: v.optional(FilmRules),
});
export type JobOrder = v.InferOutput<typeof JobOrder>;

/**
 * One file that an attempt hands in: first the film, then the subtitles beside it. Of those, `staging` is the film's with
 * a number and the extension behind it, and `label` stands between the film's name and the extension.
 */
export const Output = v.object({
  staging: v.string(),
  role: v.picklist(["film", "subtitle"]),
  extension: v.string(),
  label: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/), v.maxLength(60))),
  size: Count,
  sha256: v.optional(v.string()),
});
export type Output = v.InferOutput<typeof Output>;

/** Where each stage ran, and why the rungs above did not. */
export const PlanSummary = v.object({
  decode: v.string(),
  filter: v.string(),
  /** The encoder's name in ffmpeg, such as libx264. */
  encoder: v.string(),
  family: v.string(),
  /** The name of the GPU that it used; null for none. */
  device: v.optional(v.nullable(v.string())),
  passed_over: v.array(v.object({ family: v.string(), why: v.string() })),
});
export type PlanSummary = v.InferOutput<typeof PlanSummary>;

/** Characters of a job's notes, which stand in every list of jobs. */
export const MOST_NOTES_LENGTH = 65_536;

function areFew(notes: string[]): boolean {
  return notes.reduce((sum, note) => sum + note.length, 0) <= MOST_NOTES_LENGTH;
}

/** As many of the notes as may be told, and how many were left out. */
export function tellableNotes(notes: string[]): string[] {
  if (areFew(notes)) return notes;
  let left = MOST_NOTES_LENGTH - 100;
  const told = notes.filter((note) => {
    left -= note.length;
    return left >= 0;
  });
  return [...told, `${notes.length - told.length} further notes are too long to be kept.`];
}

/** What a worker tells of an attempt beside its outcome; every part may be missing. */
export const AttemptReport = v.object({
  plan: v.optional(PlanSummary),
  /** The whole argv of the ffmpeg that ran. */
  command: v.optional(v.array(v.string())),
  log_tail: v.optional(v.pipe(v.string(), v.maxLength(65_536))),
  source_duration: v.optional(Measure),
  notes: v.optional(v.pipe(v.array(v.string()), v.check(areFew, "65536 characters in all"))),
  /** How the result was verified, where it was: see Conversion. */
  verified: v.optional(v.string()),
  /** How the quality of a film with a wish for one was found, and what the result scored. */
  search: v.optional(QualitySearch),
  score: v.optional(QualityScore),
  encode_ms: v.optional(Measure),
  verify_ms: v.optional(Measure),
  /** The ways that were tried before the one above, in their order, and why each did not make the film. */
  earlier: v.optional(
    v.array(
      v.object({
        plan: PlanSummary,
        message: v.string(),
        command: v.array(v.string()),
        log_tail: v.pipe(v.string(), v.maxLength(65_536)),
      }),
    ),
  ),
});
export type AttemptReport = v.InferOutput<typeof AttemptReport>;

export const ATTEMPT_OUTCOMES = ["completed", "retry", "permanent", "skipped", "lost", "cancelled"] as const;

/** One try at a job, as it is remembered. `outcome` is null while it runs. */
export const Attempt = v.object({
  job_id: v.string(),
  attempt: Count,
  worker_id: v.string(),
  started_at: Timestamp,
  ended_at: v.nullable(Timestamp),
  outcome: v.nullable(v.picklist(ATTEMPT_OUTCOMES)),
  reason: v.nullable(Reason),
  message: v.nullable(v.string()),
  output_size: v.nullable(Count),
  report: AttemptReport,
});
export type Attempt = v.InferOutput<typeof Attempt>;

/** The kinds of files that lie beside a film. */
export const BESIDE_EXTENSIONS = ["sup", "mks"] as const;

/** A file that was made beside a film's staging file: `suffix` is what its name has in addition. */
export type MadeBeside = {
  suffix: string;
  extension: (typeof BESIDE_EXTENSIONS)[number];
  label: string;
  size: number;
  sha256?: string;
};

/** The staging name of the nth file beside a film (from 1), less the film's own. */
export function besideSuffix(n: number, extension: string): string {
  return `.${n}.${extension}`;
}

/** `JOB.ATTEMPT.partial.EXT`: says by itself whose file it is. */
export function stagingName(of: { job_id: string; attempt: number; extension: string }): string {
  return `${of.job_id}.${of.attempt}.partial.${of.extension}`;
}

/** The job and attempt of a staging file's name; null for any other name. */
export function parseStagingName(name: string): { job_id: string; attempt: number } | null {
  const match = /^([0-9a-z]+)\.(\d+)\.partial(?:\.[0-9a-z]+)+$/.exec(name);
  return match?.[1] === undefined ? null : { job_id: match[1], attempt: Number(match[2]) };
}
