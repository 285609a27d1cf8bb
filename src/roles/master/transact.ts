import type { Committer, Operation } from "../../db/commit.ts";
import type { Clock, Instant } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { Problems } from "./problems.ts";

/** Runs one synchronous operation in a transaction and answers once it is durable. */
export type Transact = <T>(operation: (now: Instant) => ReturnType<Operation<T>>) => Promise<T>;

/**
 * Gives every operation the time at which it runs. A failed commit is a problem that people see until a commit
 * goes well; it rejects with the VcError("unavailable") of the committer.
 */
export function createTransact(of: {
  committer: Pick<Committer, "run">;
  clock: Clock;
  problems: Problems;
}): Transact {
  return async <T>(operation: (now: Instant) => ReturnType<Operation<T>>) => {
    try {
      const result = await of.committer.run<T>(() => operation(of.clock.now()));
      of.problems.clear("database");
      return result;
    } catch (error) {
      if (error instanceof VcError && error.code === "unavailable")
        of.problems.set("database", error.message);
      throw error;
    }
  };
}
