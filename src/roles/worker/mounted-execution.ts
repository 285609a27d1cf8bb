import type { Execution } from "./executor.ts";
import type { AttemptResult } from "./messages.ts";
import type { MountWatch } from "./mount-watch.ts";

/**
 * An attempt on a mount that may hang: what fails meanwhile is not the film's fault, and one that does not get on as long
 * as the watch has patience is over, even where nothing can end its process.
 */
export function executeMounted(execution: Execution, watch: MountWatch): Execution {
  const lost = Promise.withResolvers<AttemptResult>();
  let seen: string | null = null;
  const forget = watch.onHung((why) => {
    const now = JSON.stringify(execution.progress());
    if (now === seen) {
      lost.resolve(mountLost(why));
      execution.stop();
    }
    seen = now;
  });
  const blame = execution.finished.then(async (result) => {
    const why = result.outcome === "retry" ? await watch.ask() : null;
    if (why === null || result.outcome !== "retry") return result;
    return mountLost(`${why} ${result.message}`, result);
  });
  return { ...execution, finished: Promise.race([lost.promise, blame]).finally(forget) };
}

function mountLost(
  message: string,
  { report }: Pick<AttemptResult, "report"> = { report: {} },
): AttemptResult {
  return { outcome: "retry", reason: "mount_lost", message, report };
}
