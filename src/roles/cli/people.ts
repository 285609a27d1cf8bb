import type { ArgsDef } from "citty";
import * as v from "valibot";
import { type Client, createClient } from "../../shared/client.ts";
import { url } from "../../shared/config-values.ts";
import { VcError } from "../../shared/errors.ts";
import { type Fingerprint, parseFingerprint } from "../../shared/fingerprint.ts";
import { found } from "../../shared/found.ts";
import { readTokenFile } from "../../shared/token.ts";
import { masterOfFile } from "./master-of-file.ts";

/** What all commands that ask a running master have in common. */

export const peopleArgs = {
  master: {
    type: "string",
    valueHint: "URL",
    description: "Where the master is (VC_MASTER_URL; http://localhost:8080)",
  },
  "token-file": {
    type: "string",
    valueHint: "FILE",
    description: "A file with the master's token (VC_TOKEN, VC_TOKEN_FILE)",
  },
  "tls-ca": {
    type: "string",
    valueHint: "FILE",
    description: "A certificate (PEM) to trust instead of the system's (VC_TLS_CA)",
  },
  "tls-fingerprint": {
    type: "string",
    valueHint: "SHA256",
    description: "The fingerprint of the only certificate to trust (VC_TLS_FINGERPRINT)",
  },
  config: {
    type: "string",
    valueHint: "FILE",
    description: "A master's or a worker's configuration file, which tells all of these",
  },
  json: { type: "boolean", description: "Print JSON instead of text" },
} as const satisfies ArgsDef;

type PeopleArgs = {
  [K in keyof typeof peopleArgs]?:
    | ((typeof peopleArgs)[K]["type"] extends "boolean" ? boolean : string)
    | undefined;
};

/** Options beat a configuration file, and variables where there is none. Throws VcError("usage") for an address that is none. */
export function connect(args: PeopleArgs): Client {
  const { config } = args;
  if (config === undefined)
    return createClient({ master_url: masterUrl(args), token: tokenFor(args), ...trusted(args) });
  const file = masterOfFile(config);
  return createClient({
    master_url: args.master === undefined ? file.master_url : masterUrl(args),
    token: args["token-file"] === undefined ? file.token : tokenFor(args),
    ...(isTrustTyped(args) ? trusted(args) : { tls_ca: file.tls_ca, tls_fingerprint: file.tls_fingerprint }),
  });
}

function tokenFor(args: PeopleArgs): string | null {
  const { VC_TOKEN, VC_TOKEN_FILE } = process.env;
  const file = args["token-file"] ?? (VC_TOKEN ? undefined : VC_TOKEN_FILE || undefined);
  return file === undefined ? VC_TOKEN || null : readTokenFile(file);
}

function isTrustTyped(args: PeopleArgs): boolean {
  return args["tls-ca"] !== undefined || args["tls-fingerprint"] !== undefined;
}

/**
 * The certificate that is to be trusted: options beat variables. Throws VcError("usage") for a fingerprint that is none,
 * and where it is named in both ways.
 */
export function trusted(args: PeopleArgs): { tls_ca: string | null; tls_fingerprint: Fingerprint | null } {
  const { VC_TLS_CA, VC_TLS_FINGERPRINT } = process.env;
  const [ca, print] = [args["tls-ca"], args["tls-fingerprint"]];
  const typed = isTrustTyped(args);
  const tls_ca = typed ? (ca ?? null) : VC_TLS_CA || null;
  const text = typed ? (print ?? null) : VC_TLS_FINGERPRINT || null;
  const from = typed ? "--tls-fingerprint" : "VC_TLS_FINGERPRINT";
  if (tls_ca !== null && text !== null)
    throw new VcError(
      "usage",
      `${from} stands beside ${typed ? "--tls-ca" : "VC_TLS_CA"}; give one of the two`,
    );
  const tls_fingerprint = text === null ? null : parseFingerprint(text);
  if (text !== null && tls_fingerprint === null) {
    const allowed = "sha256: and 64 hexadecimal digits, as `vc token show` prints it";
    throw new VcError("usage", `${from}: found ${found(text)}; allowed: ${allowed}`);
  }
  return { tls_ca, tls_fingerprint };
}

/** The address that is meant. Throws VcError("usage") for one that is none. */
export function masterUrl(args: Pick<PeopleArgs, "master">): string {
  const master_url = args.master ?? (process.env.VC_MASTER_URL || "http://localhost:8080");
  if (v.is(url, master_url)) return master_url;
  const from = args.master === undefined ? "VC_MASTER_URL" : "--master";
  throw new VcError(
    "usage",
    `${from}: found ${JSON.stringify(master_url)}; allowed: an address such as http://storage-server:8080`,
  );
}

/** Of the terminal that is written to; null where it is none. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY === true ? process.stdout.columns : null;
}

/** Prints a reply as JSON, or as the text that `render` makes of it. */
export function show<T>(args: PeopleArgs, reply: T, render: (reply: T) => string): void {
  console.log(args.json === true ? JSON.stringify(reply, null, 2) : render(reply));
}
