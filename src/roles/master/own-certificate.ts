import { existsSync, mkdirSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { dirname } from "node:path";
import {
  type CertificateFile,
  madeCertificatePath,
  readCertificateWithKey,
} from "../../shared/certificate-file.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { makePrivateFile } from "../../shared/private-file.ts";
import { makeCertificate } from "./certificate.ts";

const DAY_MS = 86_400_000;
const WARN_BEFORE_DAYS = 60;

/**
 * The configuration with the certificate and key to serve with. With `server.tls_self_signed` they are made at the first
 * start and then kept, as all workers pin them; nothing but a person ever replaces them. Throws VcError "storage" where
 * they can neither be read nor made, and "config" where they cannot be used.
 */
export function withCertificate(config: MasterConfig, parts: { log: Logger; now_ms: number }): MasterConfig {
  if (!config.server.tls_self_signed) return config;
  const path = madeCertificatePath(config.database.path);
  const isNew = !existsSync(path);
  if (isNew) make(path, parts.now_ms);
  const certificate = readKept(path);
  if (isNew) {
    const { fingerprint } = certificate;
    parts.log.info("made a certificate; `vc token show` prints the line for `vc join`", {
      path,
      fingerprint,
    });
  }
  const days = Math.floor((certificate.valid_to_ms - parts.now_ms) / DAY_MS);
  if (days < WARN_BEFORE_DAYS) {
    parts.log.warn(
      `the certificate ${path} ${days < 0 ? "has expired: workers refuse it" : `expires in ${days} days`}; delete it, and the next start makes a new one, for which every worker must join anew`,
    );
  }
  return { ...config, server: { ...config.server, tls_cert: path, tls_key: path } };
}

/** Another start may make it at the same time: what lies there first counts. */
function make(path: string, now_ms: number): void {
  const addresses = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
  const names = ["localhost", "127.0.0.1", "::1", hostname(), ...addresses];
  try {
    mkdirSync(dirname(path), { recursive: true });
    makePrivateFile(path, makeCertificate({ names, common_name: `vc master on ${hostname()}`, now_ms }));
  } catch (cause) {
    const message = `cannot keep a certificate in ${path}: ${messageOf(cause)}. Make its folder writable, or set server.tls_cert and server.tls_key.`;
    throw new VcError("storage", message, { cause });
  }
}

function readKept(path: string): CertificateFile {
  try {
    return readCertificateWithKey(path);
  } catch (cause) {
    // Errors of cryptography have codes, too: ERR_OSSL_...
    const closed = cause instanceof VcError && /^E[A-Z]+$/.test(systemCode(cause.cause) ?? "");
    const way = closed
      ? "let the user that the master runs as read it"
      : "put it back from a backup, or delete it: the next start then makes a new one, for which every worker must join anew";
    throw new VcError("config", `${messageOf(cause)}; ${way}`, { cause });
  }
}
