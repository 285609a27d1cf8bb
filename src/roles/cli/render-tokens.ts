import { printable } from "../../shared/printable.ts";
import type { Reply } from "../../shared/protocol.ts";
import { ago } from "./format.ts";
import { shellQuote } from "./shell-quote.ts";
import { table } from "./table.ts";

/** The table of `vc token list`. */
export function renderTokens(
  tokens: Reply<"tokens">["tokens"],
  now_ms: number,
  columns: number | null,
): string {
  if (tokens.length === 0) return "no worker has a token of its own; `vc token add WORKER` makes one";
  const rows = tokens.map(({ name, id, created_at }) => [
    printable(name),
    `vcw-${id}-...`,
    ago(created_at, now_ms),
  ]);
  return table(["WORKER", "TOKEN", "MADE"], rows, columns);
}

/** What `vc token add` prints: the token on a line of its own, then how a worker is given it. */
export function renderMadeToken(
  made: Reply<"add_token">,
  of: { master_url: string; tls_fingerprint: string | null; join_command: string | null },
): string {
  const pin = of.tls_fingerprint === null ? [] : ["--tls-fingerprint", of.tls_fingerprint];
  const worker = ["vc", "worker", "--master", of.master_url, ...pin, "--id", made.name];
  return [
    made.token,
    "",
    "It is shown this once, and opens what this worker calls, for this worker alone. On the worker:",
    ...(of.join_command === null
      ? []
      : [`  ${of.join_command}`, "or, without a configuration file of its own:"]),
    `  VC_TOKEN=${made.token} ${shellQuote(worker)}`,
    "or, with the token in a file that only vc's user may read:",
    `  ${shellQuote([...worker, "--token-file", "FILE"])}`,
  ].join("\n");
}
