import { createAttemptQueries } from "./attempts.ts";
import type { Database } from "./database.ts";
import { createJobQueries } from "./jobs.ts";
import { createOriginalQueries } from "./originals.ts";
import { createSourceQueries } from "./sources.ts";
import { createTotalQueries } from "./totals.ts";
import { createWorkerQueries } from "./workers.ts";

export type Store = ReturnType<typeof createStore>;

/** Every question that the coordinator asks of the tables, prepared once. Callers provide the transaction. */
export function createStore(database: Database) {
  return {
    ...createJobQueries(database),
    ...createSourceQueries(database),
    ...createOriginalQueries(database),
    ...createAttemptQueries(database),
    ...createWorkerQueries(database),
    ...createTotalQueries(database),
  };
}
