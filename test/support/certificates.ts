import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/roles/master/certificate.ts";
import { readCertificateFile } from "../../src/shared/certificate-file.ts";
import type { Fingerprint } from "../../src/shared/fingerprint.ts";

/** A certificate for localhost with its key, in one PEM file. */
export type TestCertificate = { path: string; pem: string; fingerprint: Fingerprint };

/** Gives `use` as many certificates as it takes, in a folder that is gone afterwards. */
export async function withCertificates(
  names: string[][],
  use: (...all: TestCertificate[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vc-certificates-"));
  try {
    await use(
      ...names.map((own, n) => {
        const path = join(folder, `${n}.pem`);
        const pem = makeCertificate({ names: own, common_name: "vc test", now_ms: Date.now() });
        writeFileSync(path, pem);
        return { path, pem, fingerprint: readCertificateFile(path).fingerprint };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
