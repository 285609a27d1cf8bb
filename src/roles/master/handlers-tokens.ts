import { type Clock, toTimestamp } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Handlers } from "./http.ts";
import type { WorkerTokens } from "./worker-tokens.ts";

export type TokenHandlers = Pick<Handlers, "tokens" | "add_token" | "revoke_token">;

/** What `vc token` calls. */
export function tokenHandlers(of: { tokens: WorkerTokens; clock: Clock; log: Logger }): TokenHandlers {
  const { tokens, clock, log } = of;
  return {
    tokens: () => ({ tokens: tokens.list() }),
    add_token({ name }) {
      const made = tokens.add({ name, created_at: toTimestamp(clock.now().wall_ms) });
      log.info("token made", { worker_id: name, id: made.id });
      return made;
    },
    revoke_token({ name }) {
      const ended = tokens.revoke(name);
      log.info("token revoked", { worker_id: name, id: ended.id });
      return ended;
    },
  };
}
