import { readCertificateFile } from "../../shared/certificate-file.ts";
import { type Client, createClient } from "../../shared/client.ts";
import { loadMasterConfig } from "../../shared/config-file.ts";
import type { Reply } from "../../shared/protocol.ts";
import { type Introduction, introduce, introduceByUrl, joinLine } from "./invitation.ts";
import { addressOf } from "./master-of-file.ts";
import { connect, masterUrl, show, terminalWidth, trusted } from "./people.ts";
import { renderMadeToken, renderTokens } from "./render-tokens.ts";
import { sourcesOf } from "./start.ts";
import { reachableName } from "./token-show.ts";

type Args = Parameters<typeof connect>[0] & Record<string, unknown>;

/** `vc token add WORKER`: makes a token for one worker, and prints it this once. */
export async function makeToken(args: Args, name: string): Promise<void> {
  const { client, url, introduction } = masterOf(args);
  const made = await client.call("add_token", { name });
  const { hostname, port, protocol } = new URL(url);
  const line = joinLine(introduction, { token: made.token, worker_id: made.name });
  const told = {
    master_url: `${protocol}//${reachableName(hostname)}${port === "" ? "" : `:${port}`}`,
    tls_fingerprint: introduction.tls_fingerprint,
    join_command: line === null ? null : `vc join ${line}`,
  };
  show(args, { ...made, join_command: told.join_command }, (reply) => renderMadeToken(reply, told));
}

/** `vc token list`: which workers have a token of their own. */
export async function listTokens(args: Args): Promise<void> {
  const reply = await masterOf(args).client.call("tokens", {});
  show(args, reply, ({ tokens }) => renderTokens(tokens, Date.now(), terminalWidth()));
}

/** `vc token revoke WORKER`: ends a worker's token at once. */
export async function revokeToken(args: Args, name: string): Promise<void> {
  const reply: Reply<"revoke_token"> = await masterOf(args).client.call("revoke_token", { name });
  show(
    args,
    reply,
    () => "revoked: its calls are refused from now on, and its films go to others when their leases run out",
  );
}

/** With the master's configuration at hand, neither its address nor its token need be said. */
function masterOf(args: Args): { client: Client; url: string; introduction: Introduction } {
  if (args.master !== undefined || args.config === undefined) {
    const url = masterUrl(args);
    return { client: connect(args), url, introduction: introduceByUrl(url, pinned(args)) };
  }
  const config = loadMasterConfig(sourcesOf("master", args));
  const address = addressOf(config);
  return { client: createClient(address), url: address.master_url, introduction: introduce(config) };
}

/** What the person trusts, workers are to trust, too. */
function pinned(args: Args): Introduction["tls_fingerprint"] {
  const { tls_ca, tls_fingerprint } = trusted(args);
  if (tls_ca === null) return tls_fingerprint;
  const { self_signed, fingerprint } = readCertificateFile(tls_ca);
  return self_signed ? fingerprint : null;
}
