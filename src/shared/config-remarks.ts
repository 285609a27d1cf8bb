import type { MasterConfig } from "./config.ts";
import type { WorkerConfig } from "./config-worker.ts";
import { ORIGINALS_REL } from "./originals.ts";
import { weaknessOf } from "./token.ts";

/** What a configuration without mistakes means, where that may not be what a person thinks. */
export function remarks(config: MasterConfig | WorkerConfig): string[] {
  if (!("scanner" in config)) return [];
  const weakness = config.server.token === null ? null : weaknessOf(config.server.token);
  return [
    ...(weakness === null ? [] : [`server.token ${weakness}.`]),
    ...(config.storage.replace ? onReplacing(config) : []),
  ];
}

function onReplacing(config: MasterConfig): string[] {
  const { scanner, storage, conversion, rules } = config;
  const { keep_originals } = storage;
  const end =
    keep_originals === "forever"
      ? "until a person says `vc purge`"
      : `for ${duration(keep_originals)}, and are deleted then`;
  const quick = [conversion, ...rules.profiles.map((profile) => profile.conversion)].some(
    ({ verify }) => verify === "quick",
  );
  const told = [
    `storage.replace: results take their films' places in ${scanner.root_path}; the originals are kept in ${scanner.root_path}/${ORIGINALS_REL} ${end}.`,
    quick && "storage.replace: results are verified in full, whatever conversion.verify says.",
    !rules.skip_converted &&
      "storage.replace: without rules.skip_converted, films that have the wanted codec already are converted as well, and lose a little with each time that they come back.",
    rules.max_size_ratio === null &&
      "storage.replace: without rules.max_size_ratio, films are also replaced by results that are larger.",
  ];
  return told.filter((remark) => remark !== false);
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function duration(ms: number): string {
  if (ms % DAY_MS === 0) return `${ms / DAY_MS} ${ms === DAY_MS ? "day" : "days"}`;
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS} hours` : `${ms / 1000} seconds`;
}
