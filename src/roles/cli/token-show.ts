import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig } from "../../shared/config-file.ts";
import { VcError } from "../../shared/errors.ts";
import { readTokenFile } from "../../shared/token.ts";
import { introduce, joinLine } from "./invitation.ts";
import { sourcesOf } from "./start.ts";

/** `vc token show`: prints the master's own token, and the line to paste on a worker. */
export function showToken(args: Record<string, unknown>, file: string | undefined): void {
  const config = loadMasterConfig(sourcesOf("master", { ...args, file }));
  const token = masterToken(config);
  const introduction = introduce(config);
  const { tls_fingerprint } = introduction;
  const line = joinLine(introduction, { token, worker_id: null });
  const join_command = line === null ? null : `vc join ${line}`;
  const url = `${masterScheme(config)}://${reachableName(config.server.host)}:${config.server.port}`;
  const pin = tls_fingerprint === null ? "" : ` --tls-fingerprint ${tls_fingerprint}`;
  const worker_command = `VC_TOKEN=${token} vc worker --master ${url}${pin}`;
  if (args.json === true) {
    console.log(JSON.stringify({ token, join_command, worker_command, tls_fingerprint }, null, 2));
    return;
  }
  const lines = [token, ""];
  if (join_command !== null) {
    lines.push(
      "On a worker, once (the line holds the token; `vc join` alone asks for it):",
      `  ${join_command}`,
    );
    lines.push("or, without a configuration file:");
  } else lines.push("On a worker (there is no line for `vc join`, as server.port is 0):");
  lines.push(`  ${worker_command}`);
  if (tls_fingerprint !== null) lines.push("", `The master's certificate: ${tls_fingerprint}`);
  console.log(lines.join("\n"));
}

/** The token that this configuration's master takes. A variable or the file gives it, or the master keeps one that it made. */
export function masterToken({ server, database }: MasterConfig): string {
  if (server.token !== null) return server.token;
  const path = `${database.path}.token`;
  if (existsSync(path)) return readTokenFile(path);
  const message = `there is no token yet: the master makes ${path} at its first start, or set server.token`;
  throw new VcError("failed", message);
}

export function masterScheme({ server }: MasterConfig): "http" | "https" {
  return server.tls_self_signed || server.tls_cert !== null ? "https" : "http";
}

/** What other machines call a host by that may be named from its own point of view. */
export function reachableName(host: string): string {
  return ["0.0.0.0", "::", "[::]", "[::1]", "localhost", "127.0.0.1"].includes(host) ? hostname() : host;
}
