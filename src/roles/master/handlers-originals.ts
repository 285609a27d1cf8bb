import type { Coordinator } from "./coordinator.ts";
import type { Handlers } from "./http.ts";
import type { Keeper } from "./keeper.ts";

export type OriginalHandlers = Pick<Handlers, "originals" | "undo" | "purge">;

/** What people call about replaced sources. */
export function originalHandlers(of: { coordinator: Coordinator; keeper: Keeper }): OriginalHandlers {
  return {
    originals: ({ limit = 100, offset = 0 }) => of.coordinator.originals({ limit, offset }),
    undo: ({ id }) => of.keeper.undo(id),
    purge: (input) => of.keeper.purge(input),
  };
}
