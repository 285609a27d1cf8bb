import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "../../shared/endpoint.ts";
import { VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import {
  type AccessRule,
  admit,
  type Call,
  type Caller,
  type Grant,
  impostor,
  isForeignPage,
  overreach,
} from "./auth.ts";
import { createFlood } from "./flood.ts";

export type Gate = {
  /** Refuses pages of other sites, whatever they call. Throws VcError "forbidden". */
  turnAwayPages(call: Call): void;
  /** Lets a caller in, before anything of the call but its headers is read. Throws VcError. */
  letIn(call: Call, access: Access): Promise<Caller>;
  /** Lets a caller go on with what it says: a worker's token speaks for that worker alone. Throws VcError. */
  letSpeak(caller: Caller, access: Access, input: Record<string, unknown>): void;
};

/** Between two lines of the log about wrong tokens. */
const LOG_PAUSE_MS = 60_000;

/** Decides about every call, in the order of the methods. */
export function createGate(of: {
  access: AccessRule;
  grantOf: (token: string) => Grant | null;
  log: Logger;
}): Gate {
  const flood = createFlood();
  let logged_ms = Number.NEGATIVE_INFINITY;

  const slowDown = async (peer: string | null) => {
    const now_ms = performance.now();
    const patience = flood.wrong(peer, now_ms);
    if (patience?.wait_ms === 0) return;
    if (now_ms - logged_ms > LOG_PAUSE_MS) {
      logged_ms = now_ms;
      of.log.warn("many calls with wrong tokens, answered slowly", { peer: peer ?? "a local socket" });
    }
    if (patience === null) throw new VcError("too_many", "too many wrong tokens came from this address.");
    await sleep(patience.wait_ms);
    flood.answered(peer);
  };

  return {
    turnAwayPages(call) {
      if (isForeignPage(call))
        throw new VcError("forbidden", "a page of another site may not call this master.");
    },
    async letIn(call, access) {
      if (access === "open") return { kind: "guest" };
      const admission = admit(call, of.access, of.grantOf);
      if (!admission.admitted) {
        if (admission.guessed) await slowDown(call.peer);
        throw new VcError("unauthorized", admission.message);
      }
      const refusal = overreach(admission.caller, access, call);
      if (refusal !== null) throw new VcError("forbidden", refusal);
      return admission.caller;
    },
    letSpeak(caller, access, input) {
      if (access !== "worker" || caller.kind !== "worker") return;
      const { worker_id } = input;
      const refusal = impostor(caller, typeof worker_id === "string" ? worker_id : "");
      if (refusal !== null) throw new VcError("forbidden", refusal);
    },
  };
}
