import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { defineCommand } from "citty";
import { loadMasterConfig } from "../../shared/config-file.ts";
import { VcError } from "../../shared/errors.ts";
import { readTokenFile } from "../../shared/token.ts";
import { configArgs } from "./config-args.ts";
import { jsonArg, sourcesOf } from "./start.ts";

export const token = defineCommand({
  meta: {
    name: "token",
    description: "`vc token show`: print the master's token, and the line to paste on a worker",
  },
  args: {
    what: { type: "positional", required: true, description: "show" },
    ...configArgs("master"),
    ...jsonArg,
  },
  async run({ args }) {
    if (args.what !== "show") throw new VcError("usage", "allowed: `vc token show [FILE]`");
    const { server, database } = loadMasterConfig(sourcesOf("master", args));
    // A variable or the file gives the token, or the master keeps a made one beside its database.
    const value = server.token ?? madeToken(`${database.path}.token`);
    const scheme = server.tls_cert === null ? "http" : "https";
    const host = ["0.0.0.0", "::", "localhost", "127.0.0.1"].includes(server.host) ? hostname() : server.host;
    const line = `VC_TOKEN=${value} vc worker --master ${scheme}://${host}:${server.port}`;
    if (args.json === true) console.log(JSON.stringify({ token: value, worker_command: line }, null, 2));
    else console.log(`${value}\n\nOn a worker:\n  ${line}`);
  },
});

function madeToken(path: string): string {
  if (existsSync(path)) return readTokenFile(path);
  throw new VcError(
    "failed",
    `there is no token yet: the master makes ${path} at its first start, or set server.token`,
  );
}
