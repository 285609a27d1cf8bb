import type { Progress } from "../../shared/job.ts";

export type AttemptKey = { job_id: string; attempt: number };
type Lease = { attempt: number; deadline_ms: number; progress: Progress | null };

export type Leases = ReturnType<typeof createLeases>;

/**
 * Which attempts are alive, and how far they are: memory only, on the monotonic clock. Changed after commits
 * only, so that it never says more than the tables.
 */
export function createLeases(lease_ms: number) {
  const leases = new Map<string, Lease>();
  const of = ({ job_id, attempt }: AttemptKey) => {
    const lease = leases.get(job_id);
    return lease?.attempt === attempt ? lease : undefined;
  };

  return {
    renew: (key: AttemptKey, now_ms: number, progress?: Progress): void => {
      const known = of(key)?.progress ?? null;
      leases.set(key.job_id, {
        attempt: key.attempt,
        deadline_ms: now_ms + lease_ms,
        progress: progress ?? known,
      });
    },
    end: (key: AttemptKey): void => {
      if (of(key) !== undefined) leases.delete(key.job_id);
    },
    progress: (job_id: string): Progress | null => leases.get(job_id)?.progress ?? null,
    expired: (now_ms: number): AttemptKey[] =>
      [...leases]
        .filter(([, lease]) => lease.deadline_ms <= now_ms)
        .map(([job_id, lease]) => ({ job_id, attempt: lease.attempt })),
    /** For checks: every live lease. */
    all: (): AttemptKey[] => [...leases].map(([job_id, lease]) => ({ job_id, attempt: lease.attempt })),
  };
}
