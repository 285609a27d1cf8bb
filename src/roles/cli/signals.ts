/**
 * Calls `onSignal` with 1, 2, ... for each SIGINT or SIGTERM (Ctrl-C, `systemctl stop`; on Windows Ctrl-C only)
 * until the returned function is called. From the third on, the process ends at once.
 */
export function onSignals(onSignal: (count: number) => void): () => void {
  let count = 0;
  const listener = (signal: NodeJS.Signals) => {
    count += 1;
    if (count >= 3) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    onSignal(count);
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return () => {
    process.off("SIGINT", listener);
    process.off("SIGTERM", listener);
  };
}
