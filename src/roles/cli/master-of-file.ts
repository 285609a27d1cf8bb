import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig, loadWorkerConfig, readText } from "../../shared/config-file.ts";
import type { Role } from "../../shared/config-keys.ts";
import { guessRole } from "../../shared/config-problems.ts";
import { readYaml } from "../../shared/config-yaml.ts";
import { VcError } from "../../shared/errors.ts";
import type { Fingerprint } from "../../shared/fingerprint.ts";
import { introduce } from "./invitation.ts";
import { masterScheme, masterToken } from "./token-show.ts";

/** Where a master is, what opens it, and which certificate it is known by. */
export type MasterAddress = {
  master_url: string;
  token: string | null;
  tls_ca: string | null;
  tls_fingerprint: Fingerprint | null;
};

/** The master that a configuration file is of, or that a worker's file names. Throws as `roleOf`, and ConfigError. */
export function masterOfFile(path: string): MasterAddress {
  const sources = { path, flags: {}, env: process.env, elsewhere: true };
  if (roleOf(path) !== "worker") return addressOf(loadMasterConfig(sources));
  const { master_url, token, tls_ca, tls_fingerprint } = loadWorkerConfig(sources).worker;
  if (master_url === null) throw new Error("a worker's configuration was read that names no master");
  return { master_url, token, tls_ca, tls_fingerprint };
}

/** As this machine reaches it. */
export function addressOf(config: MasterConfig): MasterAddress {
  const { host, port, tls_cert } = config.server;
  const here = ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
  const name = here.includes(":") ? `[${here}]` : here;
  const { tls_fingerprint } = introduce(config);
  return {
    master_url: `${masterScheme(config)}://${name}:${port}`,
    token: masterToken(config),
    tls_ca: tls_fingerprint === null ? tls_cert : null,
    tls_fingerprint,
  };
}

/** Whose file it is; null for what is not YAML and so does not tell. Throws VcError("config") for a file that should have told, with `more`. */
export function roleOf(path: string, more = ""): Role | null {
  const { entries, problems } = readYaml(readText(path));
  const guess = guessRole(entries);
  if (guess !== null) return guess;
  if (problems.some(({ syntax }) => syntax === true)) return null;
  const holds = entries.length === 0 ? "holds nothing" : "does not tell whose it is";
  throw new VcError(
    "config",
    `the configuration file ${path} ${holds}: a master's needs scanner.root_path and scanner.output_base, a worker's worker.master_url${more}`,
  );
}
