import type { Execution } from "./executor.ts";
import type { AttemptResult } from "./messages.ts";

type Done = Extract<AttemptResult, { outcome: "done" }>;

/** One attempt as its holder sees it, however its film comes and its result goes. */
export type Undertaking = {
  execution: Execution;
  /** Gives back what it had of the GPUs; more than once is the same as once. */
  release(): void;
  /** Brings a finished film to the master before it is handed in; null where it lies there already. */
  deliver:
    | ((
        result: Done,
        of: { signal: AbortSignal; onProgress: (percent: number) => void },
      ) => Promise<AttemptResult | { outcome: "stopped" }>)
    | null;
  /** Deletes what it made here; nobody will hand it in. */
  forget(): Promise<void>;
};
