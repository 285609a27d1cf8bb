import type { ArgsDef } from "citty";
import type { MasterConfig } from "../../shared/config.ts";
import { type ConfigSources, loadConfig } from "../../shared/config-file.ts";
import type { Role } from "../../shared/config-keys.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import { VcError } from "../../shared/errors.ts";
import { createLogger, type Logger } from "../../shared/log.ts";
import { flagsOf } from "./config-args.ts";

/** What the long-running commands do before their role begins. */

type Args = Record<string, unknown>;

export function sourcesOf(role: Role, args: Args): ConfigSources {
  return { path: fileOf(args), flags: flagsOf(role, args), env: process.env };
}

/** The configuration file that is named; null where none is. Throws VcError("usage") where two are. */
export function fileOf({ file, config }: Args): string | null {
  if (typeof file === "string" && typeof config === "string" && file !== config) {
    throw new VcError(
      "usage",
      "the configuration file is named twice, as an argument and with --config; name it once",
    );
  }
  return typeof config === "string" ? config : typeof file === "string" ? file : null;
}

/** The configuration and its logger. */
export function prepare(role: "master", args: Args): { config: MasterConfig; log: Logger };
export function prepare(role: "worker", args: Args): { config: WorkerConfig; log: Logger };
export function prepare(role: Role, args: Args): { config: MasterConfig | WorkerConfig; log: Logger } {
  const sources = sourcesOf(role, args);
  const { config } = role === "master" ? loadConfig(role, sources) : loadConfig(role, sources);
  return { config, log: createLogger(config.logging) };
}

/** Options that are shared by `vc validate` and the like. */
export const jsonArg = {
  json: { type: "boolean", description: "Print JSON instead of text" },
} as const satisfies ArgsDef;
