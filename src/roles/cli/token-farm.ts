import { type Client, createClient } from "../../shared/client.ts";
import { loadMasterConfig } from "../../shared/config-file.ts";
import type { Reply } from "../../shared/protocol.ts";
import { connect, masterUrl, show, terminalWidth } from "./people.ts";
import { renderMadeToken, renderTokens } from "./render-tokens.ts";
import { sourcesOf } from "./start.ts";
import { masterToken, reachableName } from "./token-show.ts";

type Args = Parameters<typeof connect>[0] & Record<string, unknown>;

/** `vc token add WORKER`: makes a token for one worker, and prints it this once. */
export async function makeToken(args: Args, name: string): Promise<void> {
  const { client, url } = masterOf(args);
  const made = await client.call("add_token", { name });
  const { hostname, port, protocol } = new URL(url);
  const master_url = `${protocol}//${reachableName(hostname)}${port === "" ? "" : `:${port}`}`;
  show(args, made, (reply) => renderMadeToken(reply, master_url));
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
function masterOf(args: Args): { client: Client; url: string } {
  if (args["master-url"] !== undefined || args.config === undefined) {
    return { client: connect(args), url: masterUrl(args) };
  }
  const config = loadMasterConfig(sourcesOf("master", args));
  const { host, port, tls_cert } = config.server;
  const here = ["0.0.0.0", "::"].includes(host) ? "localhost" : host;
  const name = here.includes(":") ? `[${here}]` : here;
  const url = `${tls_cert === null ? "http" : "https"}://${name}:${port}`;
  return { client: createClient({ master_url: url, token: masterToken(config), tls_ca: tls_cert }), url };
}
