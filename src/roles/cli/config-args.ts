import type { ArgsDef, StringArgDef } from "citty";
import { listKeys, type Role } from "../../shared/config-keys.ts";

/** The options that stand for keys of a role's file: every key by its path, and short names for the usual ones. */
export function configArgs(role: Role): ArgsDef {
  const short = Object.entries(SHORT[role]).map(([name, path]): [string, StringArgDef] => [
    name,
    { type: "string", valueHint: hintOf(path), description: `Short for --${path}` },
  ]);
  const keys = listKeys(role)
    .filter((key) => !key.secret)
    .map(({ path, description }): [string, StringArgDef] => [
      path,
      { type: "string", valueHint: "VALUE", description },
    ]);
  return {
    file: { type: "positional", required: false, description: "The configuration file (./config.yaml)" },
    config: { type: "string", valueHint: "FILE", description: "The configuration file, too" },
    ...Object.fromEntries([...short, ...keys]),
  };
}

/** What was given of these options, by key path. */
export function flagsOf(role: Role, args: Record<string, unknown>): Record<string, string | undefined> {
  const paths = listKeys(role).map((key): [string, unknown] => [key.path, args[key.path]]);
  const short = Object.entries(SHORT[role]).map(([name, path]): [string, unknown] => [path, args[name]]);
  return Object.fromEntries(
    [...paths, ...short].filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

const SHORT: Record<Role, Record<string, string>> = {
  master: {
    port: "server.port",
    host: "server.host",
    root: "scanner.root_path",
    out: "scanner.output_base",
    "log-level": "logging.level",
  },
  worker: {
    master: "worker.master_url",
    "token-file": "worker.token_file",
    "tls-ca": "worker.tls_ca",
    "tls-fingerprint": "worker.tls_fingerprint",
    id: "worker.id",
    concurrency: "worker.concurrency",
    mount: "storage.mount_path",
    "log-level": "logging.level",
  },
};

function hintOf(path: string): string {
  return path.slice(path.indexOf(".") + 1).toUpperCase();
}
