import type { AttemptRow } from "../../db/schema.ts";
import { VcError } from "../../shared/errors.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { standing } from "./lifecycle.ts";
import { plausibleBytes } from "./plausible.ts";

export type HeldAttempt = AttemptKey & {
  source_rel: string;
  /** The source as it was claimed. */
  source_size: number;
  source_mtime_ns: string;
  /** `handed_in`: it is being published, or was. */
  state: "running" | "handed_in";
};

/**
 * The attempt that a worker holds; also one whose lease ran out, until another claim replaces it. Writes nothing.
 * @throws VcError not_found, stale_attempt
 */
export function heldAttempt(
  { store }: Context,
  { job_id, attempt: number, worker_id }: AttemptKey & { worker_id: string },
): HeldAttempt {
  const job = store.job(job_id);
  if (job === undefined) throw new VcError("not_found", `There is no job ${job_id}.`);
  const attempt = store.attempt({ job_id, attempt: number });
  const state = attempt?.worker_id === worker_id ? stateOf(attempt, standing(job, attempt)) : null;
  if (attempt === undefined || state === null) {
    const message = `Worker ${worker_id} does not hold attempt ${number} of job ${job_id}.`;
    throw new VcError("stale_attempt", message);
  }
  const { source_size, source_mtime_ns } = attempt;
  return { job_id, attempt: number, source_rel: job.source_rel, source_size, source_mtime_ns, state };
}

/** Bytes that are kept for what an attempt makes, see plausibleBytes. Writes nothing. */
export function roomKeptFor({ store, wishes }: Context, key: AttemptKey): number {
  const job = store.job(key.job_id);
  const attempt = store.attempt(key);
  if (job === undefined || attempt === undefined) return 0;
  const { conversion, rules } = wishes.of(job.source_rel);
  const { source_size } = attempt;
  return plausibleBytes({ source_size, codec: conversion.codec, max_size_ratio: rules.max_size_ratio });
}

function stateOf({ ended_by }: AttemptRow, stands: ReturnType<typeof standing>): HeldAttempt["state"] | null {
  if (stands === "held" || stands === "lapsed") return "running";
  return stands === "publishing" || (stands === "answered" && ended_by === "complete") ? "handed_in" : null;
}
