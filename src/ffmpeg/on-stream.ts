import { rm } from "node:fs/promises";
import { VcError } from "../shared/errors.ts";
import type { MadeBeside } from "../shared/job.ts";
import { isStream } from "./guard.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { STREAM_CHANGED, STREAM_GONE } from "./source.ts";
import { headStream, type StreamHead } from "./source-stream.ts";

type Ended = { size: number; beside: MadeBeside[] } | { refusal: Refusal };

/**
 * Runs an attempt that reads from `source`. Where that is a stream, nothing is said of the film for good, and nothing handed
 * in, before the stream was asked whether it is still the same one: what broke off in between is to be tried again. That
 * nobody answers just then takes no film away that was verified.
 */
export async function onSource<E extends Ended>(
  { source, target, signal }: { source: string; target: string; signal: AbortSignal },
  attempt: () => Promise<E | { refusal: Refusal }>,
): Promise<E | { refusal: Refusal }> {
  if (!isStream(source)) return attempt();
  const before = await ask(source, signal);
  signal.throwIfAborted();
  const first = troubleOf(before, before);
  if (first !== null) return first;
  const ended = await attempt().catch(ifLost);
  if ("refusal" in ended && ended.refusal.reason === "cancelled") return ended;
  const trouble = troubleOf(await ask(source, AbortSignal.timeout(ANSWER_MS)), before);
  const final = "refusal" in ended && ended.refusal.outcome !== "retry";
  if (trouble === null || (trouble.refusal.reason === "transfer_failed" && !final)) return ended;
  if ("beside" in ended) {
    for (const { suffix } of ended.beside) await rm(target + suffix, { force: true });
  }
  return trouble;
}

/** Whether a stream gives nothing now because it gets nothing: then it is not ffmpeg that stands still. */
export async function isAway(source: string): Promise<boolean> {
  return isStream(source) && (await ask(source, AbortSignal.timeout(ANSWER_MS))).status !== 200;
}

const ANSWER_MS = 5000;
const NOBODY: StreamHead = { status: 0, size: null, tag: null };

function ask(source: string, signal: AbortSignal): Promise<StreamHead> {
  return headStream(source, signal).catch(() => NOBODY);
}

function ifLost(error: unknown): { refusal: Refusal } {
  if (!(error instanceof VcError) || error.code !== "unreachable") throw error;
  return refusal("retry", "transfer_failed", error.message);
}

function troubleOf({ status, size, tag }: StreamHead, before: StreamHead): { refusal: Refusal } | null {
  if (status === STREAM_GONE)
    return refusal("skipped", "source_missing", "The source is not there any more.");
  const other = status === 200 && (size !== before.size || tag !== before.tag);
  if (status === STREAM_CHANGED || other)
    return refusal("retry", "source_changed", "The source was replaced by another while it was read.");
  if (status === 200 && size !== null) return null;
  const how = status === 0 ? "does not answer" : `answers with ${status}`;
  return refusal("retry", "transfer_failed", `The stream of the source ${how}.`);
}
