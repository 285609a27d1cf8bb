import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig } from "../../shared/config-file.ts";
import { VcError } from "../../shared/errors.ts";
import { readTokenFile } from "../../shared/token.ts";
import { sourcesOf } from "./start.ts";

/** `vc token show`: prints the master's own token, and the line to paste on a worker. */
export function showToken(args: Record<string, unknown>, file: string | undefined): void {
  const config = loadMasterConfig(sourcesOf("master", { ...args, file }));
  const value = masterToken(config);
  const { server } = config;
  const scheme = server.tls_cert === null ? "http" : "https";
  const line = `VC_TOKEN=${value} vc worker --master ${scheme}://${reachableName(server.host)}:${server.port}`;
  if (args.json === true) console.log(JSON.stringify({ token: value, worker_command: line }, null, 2));
  else console.log(`${value}\n\nOn a worker:\n  ${line}`);
}

/** The token that this configuration's master takes. A variable or the file gives it, or the master keeps one that it made. */
export function masterToken({ server, database }: MasterConfig): string {
  if (server.token !== null) return server.token;
  const path = `${database.path}.token`;
  if (existsSync(path)) return readTokenFile(path);
  const message = `there is no token yet: the master makes ${path} at its first start, or set server.token`;
  throw new VcError("failed", message);
}

/** What other machines call a host by that may be named from its own point of view. */
export function reachableName(host: string): string {
  return ["0.0.0.0", "::", "[::]", "[::1]", "localhost", "127.0.0.1"].includes(host) ? hostname() : host;
}
