import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileTrouble, messageOf, VcError } from "./errors.ts";
import { type Fingerprint, fingerprintOf } from "./fingerprint.ts";

/** `self_signed`: nobody else vouches for it, so that it must be pinned to be trusted. */
export type CertificateFile = {
  fingerprint: Fingerprint;
  self_signed: boolean;
  valid_to_ms: number;
  /** The hosts that it is made out to, without patterns and addresses. */
  names: string[];
};

/** Where a master keeps the certificate that it made, with its key. */
export function madeCertificatePath(database_path: string): string {
  return `${database_path}.tls.pem`;
}

/** The first certificate of a PEM file: the one that a server shows. Throws VcError("config"). */
export function readCertificateFile(path: string): CertificateFile {
  return read(path, readText(path));
}

/** The same of a file that also holds the certificate's key, which must be there and fit. */
export function readCertificateWithKey(path: string): CertificateFile {
  const text = readText(path);
  return read(path, text, (certificate) => {
    if (!certificate.checkPrivateKey(createPrivateKey(text))) throw new Error("its key is another one's");
  });
}

function read(
  path: string,
  text: string,
  check: (certificate: X509Certificate) => void = () => {},
): CertificateFile {
  try {
    const certificate = new X509Certificate(text);
    check(certificate);
    return {
      fingerprint: fingerprintOf(certificate.raw),
      self_signed: certificate.checkIssued(certificate),
      valid_to_ms: Date.parse(certificate.validTo),
      names: hostNames(certificate),
    };
  } catch (cause) {
    throw new VcError("config", `the certificate ${path} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** The hosts that a certificate is made out to, without patterns and addresses. */
export function hostNames({ subjectAltName = "" }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/DNS:([\w.-]+)/g)].map(([, name = ""]) => name);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new VcError("config", `cannot read the certificate ${path}: ${fileTrouble(cause)}`, { cause });
  }
}
