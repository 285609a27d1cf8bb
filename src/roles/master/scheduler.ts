/** How many jobs a claim may get. Only our own protocol can ask for more than one. On probation it is one in all. */
export function jobsToGrant(claim: {
  draining: boolean;
  trust: "trusted" | "probation" | "quarantined";
  held: number;
  protocol: 2 | undefined;
  max: number | undefined;
}): number {
  if (claim.draining || claim.trust === "quarantined") return 0;
  const wanted = claim.protocol === 2 ? (claim.max ?? 1) : 1;
  return claim.trust === "trusted" ? wanted : Math.min(wanted, Math.max(0, 1 - claim.held));
}

/** `lives`: the process has just answered. One that has not may live all the same. */
export type WorkerFacts = {
  hostname: string;
  session: string | null;
  silent_ms: number;
  lives: boolean;
};

/**
 * What a registration means for the worker that has the id already: `same` process, a `replaced` one, or `taken`
 * by one that lives. One on another host counts as alive until it was silent for long, one on the same host only
 * when it answers: a start after a crash need not wait. A host that is not known (a client that never sent a
 * heartbeat) is no other host.
 */
export function judgeRegistration(
  known: WorkerFacts | undefined,
  incoming: { session: string; hostname: string },
  offline_after_ms: number,
): "new" | "same" | "replaced" | "taken" {
  if (known === undefined) return "new";
  if (known.session === incoming.session) return "same";
  if (known.lives) return "taken";
  const elsewhere = known.hostname !== "" && known.hostname !== incoming.hostname;
  return elsewhere && known.silent_ms < offline_after_ms ? "taken" : "replaced";
}
