import { existsSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { madeCertificatePath, readCertificateFile } from "../../shared/certificate-file.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { VcError } from "../../shared/errors.ts";
import type { Fingerprint } from "../../shared/fingerprint.ts";
import { formatJoinLine } from "../../shared/join-line.ts";
import { masterUrls } from "./master-urls.ts";

/** How other machines reach a master and know it. */
export type Introduction = { urls: string[]; tls_fingerprint: Fingerprint | null };

/**
 * By the master's configuration. A certificate for which nobody vouches is pinned; one that an authority has signed is
 * not, as it is renewed every few months. Throws VcError where the certificate cannot be read.
 */
export function introduce({ server, database }: MasterConfig): Introduction {
  const certificate = server.tls_self_signed ? madeCertificate(database.path) : server.tls_cert;
  const read = certificate === null ? null : readCertificateFile(certificate);
  return {
    urls: urlsOf({
      ...{ scheme: read === null ? "http" : "https", host: server.host, port: server.port },
      certificate_names: read === null || read.self_signed ? [] : read.names,
    }),
    tls_fingerprint: read?.self_signed === true ? read.fingerprint : null,
  };
}

/** By the address at which a person of the master's machine, or of another, has called it. */
export function introduceByUrl(url: string, tls_fingerprint: Fingerprint | null): Introduction {
  const { protocol, hostname: called, port } = new URL(url);
  const scheme = protocol === "https:" ? "https" : "http";
  const host = ["localhost", "127.0.0.1", "[::1]"].includes(called) ? "0.0.0.0" : called;
  const usual = scheme === "https" ? 443 : 80;
  return {
    urls: urlsOf({ scheme, host, port: port === "" ? usual : Number(port), certificate_names: [] }),
    tls_fingerprint,
  };
}

/** Null where the master takes another port at every start. */
export function joinLine(of: Introduction, more: { token: string; worker_id: string | null }): string | null {
  return of.urls.some((url) => url.endsWith(":0")) ? null : formatJoinLine({ ...of, ...more });
}

function urlsOf(of: Omit<Parameters<typeof masterUrls>[0], "hostname" | "interfaces">): string[] {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? []).map(({ address, internal }) => ({ name, address, internal })),
  );
  return masterUrls({ ...of, hostname: hostname(), interfaces });
}

function madeCertificate(database_path: string): string {
  const path = madeCertificatePath(database_path);
  if (existsSync(path)) return path;
  throw new VcError("failed", `there is no certificate yet: the master makes ${path} at its first start`);
}
