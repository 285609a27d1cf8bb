import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import { hostNames } from "./certificate-file.ts";
import { fileTrouble, systemCode, VcError } from "./errors.ts";
import { type Fingerprint, fingerprintOf } from "./fingerprint.ts";

/** Whom calls to one master trust: to be spread into the options of fetch and ofetch. */
export type TlsOptions = { tls?: FetchTls };

type FetchTls = {
  ca: string;
  allowPartialTrustChain?: boolean;
  serverName?: string;
  checkServerIdentity?(host: string, certificate: PeerCertificate): Error | undefined;
};

export type Trust = {
  /**
   * Throws VcError("untrusted") where the master shows another certificate than the pinned one, and the system's
   * error where it cannot be asked.
   */
  options(signal: AbortSignal): Promise<TlsOptions>;
  /** After a failed call: throws VcError("untrusted") if the reason was that the master's certificate is another one now. */
  doubt(error: unknown, signal: AbortSignal): Promise<void>;
};

/**
 * Whom to trust behind an address: the system's authorities, the certificate in the file `tls_ca` instead of them, or
 * exactly the one certificate with `tls_fingerprint`, by whatever name the master is called. That one is fetched by a
 * handshake in which nothing is sent, so that no token ever reaches anybody else.
 *
 * Throws VcError("config") for a file that cannot be read, or a fingerprint beside an address without TLS.
 */
export function createTrust(of: {
  master_url: string;
  tls_ca?: string | null;
  tls_fingerprint?: Fingerprint | null;
}): Trust {
  const { master_url, tls_ca = null, tls_fingerprint = null } = of;
  if (tls_fingerprint === null) {
    const fixed: TlsOptions = tls_ca === null ? {} : { tls: { ca: readCertificate(tls_ca) } };
    return { options: async () => fixed, doubt: async () => {} };
  }
  if (!master_url.startsWith("https:")) {
    const message = `a certificate's fingerprint is given, but ${master_url} is an address without TLS: write https://, or leave the fingerprint out`;
    throw new VcError("config", message);
  }
  let pinned: TlsOptions | null = null;
  const options: Trust["options"] = async (signal) => {
    pinned ??= pin(await shownCertificate(master_url, signal), tls_fingerprint, master_url);
    return pinned;
  };
  return {
    options,
    async doubt(error, signal) {
      if (!isAboutCertificates(error)) return;
      pinned = null;
      await options(signal);
    },
  };
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new VcError("config", `cannot read the certificate ${path}: ${fileTrouble(cause)}`, { cause });
  }
}

/** Without the brackets of IPv6. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

const HANDSHAKE_MS = 10_000;

/** The DER bytes of the certificate that a server shows. Not one byte of a request is sent. */
async function shownCertificate(master_url: string, signal: AbortSignal): Promise<Buffer> {
  const { port } = new URL(master_url);
  const host = hostOf(master_url);
  const shown = Promise.withResolvers<Buffer>();
  // The fingerprint is compared instead: no other trust is wanted here.
  const socket = connect({
    ...{ host, port: port === "" ? 443 : Number(port), rejectUnauthorized: false },
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_MS)]);
  const end = () => shown.reject(limit.reason);
  limit.addEventListener("abort", end, { once: true });
  if (limit.aborted) end();
  socket.once("secureConnect", () => shown.resolve(socket.getPeerCertificate().raw));
  socket.on("error", shown.reject);
  socket.once("close", () => shown.reject(new Error("the connection was broken off in the TLS handshake")));
  try {
    return await shown.promise;
  } finally {
    limit.removeEventListener("abort", end);
    socket.destroy();
  }
}

/** From now on the very certificate is the only authority, for every connection, and its names do not matter. */
function pin(der: Buffer, wanted: Fingerprint, master_url: string): TlsOptions {
  const refusal = refuse(der, wanted, master_url);
  if (refusal !== null) throw refusal;
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const ca = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  // One that an authority of its owner's has signed can be pinned too, without the authority.
  return { tls: { ca, allowPartialTrustChain: true, ...whateverName(der, master_url) } };
}

/**
 * The name that the certificate is checked for is one of its own. With a check in JavaScript Bun (1.4.5) opens a
 * connection for every call, so that is kept for certificates without names.
 */
function whateverName(der: Buffer, master_url: string): Pick<FetchTls, "serverName" | "checkServerIdentity"> {
  const certificate = new X509Certificate(der);
  const host = hostOf(master_url);
  const [first] = hostNames(certificate);
  if (first === undefined) return { checkServerIdentity: () => undefined };
  return certificate.checkHost(host) === undefined ? { serverName: first } : {};
}

function refuse(der: Buffer, wanted: Fingerprint, master_url: string): VcError | null {
  const shown = fingerprintOf(der);
  if (shown === wanted) return null;
  const message = `the certificate that ${master_url} shows is not the pinned one, and nothing was sent to it. Shown: ${shown}, pinned: ${wanted}. If the master has a new certificate, compare what it shows with what \`vc token show\` prints there, and join anew or set worker.tls_fingerprint; if not, somebody stands between`;
  return new VcError("untrusted", message);
}

/** fetch and ofetch wrap what the handshake said. */
function isAboutCertificates(error: unknown): boolean {
  if (error instanceof VcError && error.code === "untrusted") return true;
  if (/CERT|SIGNATURE|ISSUER/.test(systemCode(error) ?? "")) return true;
  return error instanceof Error && error.cause !== undefined && isAboutCertificates(error.cause);
}
