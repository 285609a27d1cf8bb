import type { Execution } from "./executor.ts";
import type { AttemptResult } from "./messages.ts";
import type { MountWatch } from "./mount-watch.ts";

/**
 * An attempt on a mount that may hang: what fails meanwhile is not the film's fault, and once the mount is given up the
 * attempt is over, even where nothing can end its process.
 */
export function executeMounted(execution: Execution, watch: MountWatch): Execution {
  const lost = Promise.withResolvers<AttemptResult>();
  const forget = watch.onLost((why) => {
    lost.resolve(mountLost(why));
    execution.stop();
  });
  const blame = execution.finished.then((result) => {
    const why = watch.hung();
    return why !== null && result.outcome === "retry"
      ? mountLost(`${why} ${result.message}`, result)
      : result;
  });
  return { ...execution, finished: Promise.race([lost.promise, blame]).finally(forget) };
}

function mountLost(
  message: string,
  { report }: Pick<AttemptResult, "report"> = { report: {} },
): AttemptResult {
  return { outcome: "retry", reason: "mount_lost", message, report };
}
