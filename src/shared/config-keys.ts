import * as v from "valibot";
import { MasterConfig } from "./config.ts";
import { WorkerConfig } from "./config-worker.ts";

export type Role = "master" | "worker";

/** One key of a configuration file, as its schema tells it. */
export type ConfigKey = {
  /** Such as `server.port`. */
  path: string;
  schema: v.GenericSchema;
  description: string;
  /** What a value may be, in words. */
  allowed: string;
  /** What holds without the key, as it would be written; null: nothing. */
  fallback: unknown;
  needed: boolean;
  /** Never shown. */
  secret: boolean;
  kind: "path" | "program" | "value";
  /** The words of which its list is made; empty for other keys. */
  options: readonly string[];
  /** Whether it holds patterns of paths. */
  patterns: boolean;
  /** The variables that set it, the most specific first. */
  env: string[];
};

/** Every key of a role's file, in the order of the schema. */
export function listKeys(role: Role): ConfigKey[] {
  return KEYS[role];
}

export function sectionsOf(role: Role): string[] {
  return Object.keys(SCHEMAS[role].entries);
}

export const SCHEMAS = { master: MasterConfig, worker: WorkerConfig } as const;

/** Short names beside the rule VC_SECTION_KEY; they also serve the commands for people. */
const SHORT_ENV: Record<string, string> = {
  "worker.master_url": "VC_MASTER_URL",
  "worker.token": "VC_TOKEN",
  "worker.token_file": "VC_TOKEN_FILE",
  "worker.tls_ca": "VC_TLS_CA",
  "worker.tls_fingerprint": "VC_TLS_FINGERPRINT",
  "server.token": "VC_TOKEN",
};

const KEYS: Record<Role, ConfigKey[]> = { master: keysOf(MasterConfig), worker: keysOf(WorkerConfig) };

function keysOf(schema: typeof MasterConfig | typeof WorkerConfig): ConfigKey[] {
  return Object.entries(schema.entries).flatMap(([section, { wrapped }]) =>
    Object.entries<v.GenericSchema>(wrapped.entries).map(([name, leaf]) =>
      configKey(`${section}.${name}`, leaf),
    ),
  );
}

export function configKey(path: string, schema: v.GenericSchema): ConfigKey {
  const told = v.getMetadata(schema);
  const byRule = `VC_${path.replaceAll(".", "_").toUpperCase()}`;
  const short = SHORT_ENV[path];
  return {
    path,
    schema,
    description: v.getDescription(schema) ?? "",
    allowed: String(told.allowed),
    fallback: "default" in schema ? schema.default : null,
    needed: !("default" in schema),
    secret: told.secret === true,
    kind: told.path === true ? "path" : told.program === true ? "program" : "value",
    options: Array.isArray(told.options) ? told.options : [],
    patterns: told.patterns === true,
    env: short === undefined ? [byRule] : [byRule, short],
  };
}
