import type { Logger } from "../../src/shared/log.ts";

/** A logger whose messages, without their fields, can be looked at. */
export function logLines(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const log: Logger = {
    debug: write,
    info: write,
    warn: write,
    error: write,
    with: () => log,
    close: async () => {},
  };
  return { log, lines };
}
