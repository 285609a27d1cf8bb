import type { Attempt, AttemptReport, Job, PlanSummary, Reason } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";
import type { Reply } from "../../shared/protocol.ts";
import { bytes, moment, seconds } from "./format.ts";
import { renderOriginal } from "./render-originals.ts";
import { renderProgress } from "./render-progress.ts";
import { scoreLine, searchBranch } from "./render-quality.ts";
import { shellQuote } from "./shell-quote.ts";
import { type Branch, tree } from "./tree.ts";

/** The screen of `vc jobs ID`: the job, each attempt with the command that ran, and what a person can do. */
export function renderJob({ job, attempts, originals = [] }: Reply<"job">): string {
  const next = nextStep(job);
  const notes = job.notes.map(printable);
  const blocks = [
    tree(`🎬 ${printable(job.source_rel)}`, jobBranches(job)),
    notes.length === 0 ? null : tree("📝 Notes", notes),
    originals.length === 0 ? null : tree("🗄️ Replaced", originals.map(renderOriginal)),
    attempts.length === 0 ? null : tree(`🔁 Attempts: ${attempts.length}`, attempts.map(attemptBranch)),
    next === null ? null : `👉 ${next}`,
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

function jobBranches(job: Job): Branch[] {
  const length = job.source_duration === null ? "" : `, ${seconds(job.source_duration)} long`;
  const lines: (string | null)[] = [
    `ID: ${job.id}`,
    `Status: ${job.status}${inBrackets(job.reason)}`,
    job.error_message === null ? null : `Message: ${printable(job.error_message)}`,
    job.status === "processing" ? `Progress: ${renderProgress(job.progress)}` : null,
    job.worker_id === null ? null : `Worker: ${printable(job.worker_id)}`,
    `Source: ${printable(job.source_path)} (${bytes(job.source_size)}${length})`,
    `Output: ${printable(job.output_path)}${outputSize(job)}`,
    job.profile === undefined || job.profile === null ? null : `Profile: ${printable(job.profile)}`,
    `Priority: ${job.priority}`,
    `Failed Tries: ${job.retry_count} (${job.max_retries} retries allowed), lost: ${job.lost_count}`,
    job.not_before === null ? null : `Next Try: ${moment(job.not_before)} at the earliest`,
    `Queued: ${moment(job.created_at)}`,
    job.completed_at === null ? null : `Ended: ${moment(job.completed_at)}`,
  ];
  return lines.filter((line) => line !== null);
}

function outputSize({ output_size, source_size }: Job): string {
  if (output_size === null) return "";
  const ratio = source_size === 0 ? "" : `, ${Math.round((100 * output_size) / source_size)}% of the source`;
  return ` (${bytes(output_size)}${ratio})`;
}

function attemptBranch(attempt: Attempt): Branch {
  const { plan, command, log_tail, encode_ms, verify_ms, search, score, earlier = [] } = attempt.report;
  const times = [
    encode_ms === undefined ? null : `encoding took ${seconds(encode_ms / 1000)}`,
    verify_ms === undefined ? null : `verification ${seconds(verify_ms / 1000)}`,
  ].filter((part) => part !== null);
  const below: (Branch | null)[] = [
    attempt.message === null ? null : printable(attempt.message),
    plan === undefined ? null : wayOf(plan),
    ...(plan?.passed_over ?? []).map(
      ({ family, why }) => `Not taken (${printable(family)}): ${printable(why)}`,
    ),
    search === undefined ? null : searchBranch(search),
    ...earlier.map(earlierBranch),
    score === undefined ? null : scoreLine(score),
    times.length === 0 ? null : times.join(", "),
    command === undefined ? null : `Command: ${shellQuote(command)}`,
    attempt.outcome === "completed" || log_tail === undefined ? null : logBranch(log_tail),
  ];
  return {
    text: `${attempt.attempt} on ${printable(attempt.worker_id)}, ${moment(attempt.started_at)}: ${attempt.outcome ?? "running"}${inBrackets(attempt.reason)}`,
    below: below.filter((branch) => branch !== null),
  };
}

function wayOf({ decode, filter, encoder, family, device }: PlanSummary): string {
  const where = device === undefined || device === null ? "" : `, on ${printable(device)}`;
  return `Decode: ${printable(decode)}, filter: ${printable(filter)}, encode: ${printable(encoder)} (${printable(family)})${where}`;
}

/** A way that failed before, within the same attempt. */
function earlierBranch({ plan, message, command, log_tail }: Earlier): Branch {
  const below = [printable(message), `Command: ${shellQuote(command)}`, logBranch(log_tail)];
  return { text: `Failed before: ${wayOf(plan)}`, below: below.filter((branch) => branch !== null) };
}

type Earlier = NonNullable<AttemptReport["earlier"]>[number];

const LOG_LINES = 10;

function logBranch(log_tail: string): Branch | null {
  const lines = log_tail.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  if (lines.length === 0) return null;
  return { text: "ffmpeg's last lines:", below: lines.slice(-LOG_LINES).map(printable) };
}

/** What a person can do about a job that ended without a film; null where nothing needs to be done. */
function nextStep(job: Job): string | null {
  const again = `\`vc retry ${job.id}\``;
  if (job.status === "cancelled") return `${again} queues it again.`;
  if (job.status !== "failed" && job.status !== "skipped") return null;
  if (job.status === "skipped" && (job.reason === "name_taken" || job.reason === "not_replaceable"))
    return "Once that is put right, the next scan takes it up by itself.";
  const advice = job.reason === null ? undefined : ADVICE[job.reason];
  return advice === undefined ? `${again} tries it once more.` : advice.replace("RETRY", again);
}

const AS_RULED = "The rules want it so: nothing needs to be done; it is queued when the rules change.";

const ADVICE: Partial<Record<Reason, string>> = {
  source_damaged: "Replace the source with a whole copy; vc notices the change by itself.",
  source_unreadable:
    "Give the users that its attempts name the right to read the source; then RETRY. vc tries it once a day.",
  encrypted: "vc cannot convert protected films; replace the source with one that is not.",
  unsupported: "Replace the source, or change the conversion settings; then RETRY.",
  not_replaceable: "Put right what stands in the way; then RETRY.",
  quality_missed:
    "Wish for less (conversion.quality), or change the codec, the preset or conversion.bitrate; then RETRY.",
  name_taken: "Move the file that has the output's name away; then RETRY.",
  mount_lost: "Look at the storage that its workers mount; then RETRY.",
  transfer_failed: "Look at the network between its workers and the master; then RETRY.",
  disk_full: "Make room on the disk of the results; then RETRY.",
  gave_up: "Its workers were lost again and again: look at their logs; then RETRY.",
  job_timeout: "Raise worker.job_timeout, or set it to 0; then RETRY.",
  ffmpeg_timeout: "Raise ffmpeg.timeout, or set it to 0; then RETRY.",
  stalled: "Look at the worker it ran on, or raise worker.stall_timeout; then RETRY.",
  no_video: "There is no picture in it: nothing needs to be done.",
  not_a_video: "It is no film: nothing needs to be done.",
  excluded: AS_RULED,
  too_small: AS_RULED,
  too_short: AS_RULED,
  already_converted: AS_RULED,
  would_lose:
    "Its result would lack something: convert it without storage.replace, or keep it as it is; it is tried again when its source or the settings change.",
  not_smaller: "Nothing needs to be done; it is tried again when its source or the settings change.",
  source_missing: "It is gone: nothing needs to be done, or put it back.",
};

/** Where no reason was given, the message beside it says what happened. */
function inBrackets(reason: Reason | null): string {
  return reason === null || reason === "unspecified" ? "" : ` (${reason.replaceAll("_", " ")})`;
}
