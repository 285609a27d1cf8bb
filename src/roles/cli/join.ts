import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { defineCommand } from "citty";
import * as v from "valibot";
import { createClient } from "../../shared/client.ts";
import { name, url } from "../../shared/config-values.ts";
import { fileTrouble, messageOf, VcError } from "../../shared/errors.ts";
import { found } from "../../shared/found.ts";
import { type Invitation, parseJoinLine } from "../../shared/join-line.ts";
import { makePrivateFile, replacePrivateFile } from "../../shared/private-file.ts";
import { shellQuote } from "./shell-quote.ts";

export const join = defineCommand({
  meta: { name: "join", description: "Make this machine a worker, by the line that `vc token show` prints" },
  args: {
    line: {
      type: "positional",
      required: false,
      description: "The line; - reads it from standard input, and without it, it is asked for",
    },
    config: { type: "string", valueHint: "FILE", description: "The file to write (./config.yaml)" },
    force: { type: "boolean", description: "Replace the file if there is one" },
    id: { type: "string", valueHint: "NAME", description: "The worker's name (this machine's)" },
    master: {
      type: "string",
      valueHint: "URL",
      description: "Where the master is, if not where the line says",
    },
    "tls-ca": {
      type: "string",
      valueHint: "FILE",
      description: "A certificate (PEM) to trust instead of the system's, where the line pins none",
    },
  },
  async run({ args }) {
    const path = args.config ?? "config.yaml";
    if (args.force !== true) refuseExisting(path);
    const invitation = asMeant(args, await readLine(args.line));
    const tls_ca = args["tls-ca"] === undefined ? null : resolve(args["tls-ca"]);
    const master_url = await answering(invitation, tls_ca);
    await checkToken(invitation, master_url, tls_ca);
    write(path, configText(invitation, { master_url, tls_ca }), args.force === true);
    const worker = invitation.worker_id ?? hostname();
    console.log(`joined the master at ${master_url} as ${worker}; ${path} says so. Start the worker with:`);
    console.log(`  ${shellQuote(["vc", "worker", "--config", path])}`);
  },
});

/** Not only what can be read: a link that leads nowhere is somebody's, too. */
function refuseExisting(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw alreadyThere(path);
}

function alreadyThere(path: string): VcError {
  return new VcError(
    "usage",
    `${path} is there already: name another file with --config, or replace it with --force`,
  );
}

/** Throws VcError("usage") for what is no such line. */
async function readLine(given: string | undefined): Promise<Invitation> {
  const text = given === undefined ? await askForLine() : given === "-" ? await Bun.stdin.text() : given;
  const read = parseJoinLine(text);
  if (typeof read !== "string") return read;
  throw new VcError("usage", `the line for \`vc join\` ${read}`);
}

async function askForLine(): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new VcError(
      "usage",
      "LINE is missing: `vc token show` on the master's machine prints it; - reads it from standard input",
    );
  }
  process.stderr.write("The line that `vc token show` prints on the master's machine: ");
  for await (const line of console) return line;
  return "";
}

/** What the person says beats the line. Throws VcError("usage"). */
function asMeant(
  args: { id?: string | undefined; master?: string | undefined; "tls-ca"?: string | undefined },
  invitation: Invitation,
): Invitation {
  const { id, master } = args;
  if (master !== undefined && !v.is(url, master)) {
    throw new VcError(
      "usage",
      `--master: found ${found(master)}; allowed: an address such as http://storage-server:8080`,
    );
  }
  if (id !== undefined && !v.is(name, id)) {
    throw new VcError("usage", `--id: found ${found(id)}; allowed: text of at most 200 characters`);
  }
  if (id !== undefined && invitation.worker_id !== null && id !== invitation.worker_id) {
    throw new VcError(
      "usage",
      `--id: the line is for the worker ${found(invitation.worker_id)} alone; leave --id out`,
    );
  }
  if (args["tls-ca"] !== undefined && invitation.tls_fingerprint !== null) {
    throw new VcError(
      "usage",
      "--tls-ca: the line pins the master's certificate already; leave --tls-ca out",
    );
  }
  return {
    ...invitation,
    urls: master === undefined ? invitation.urls : [master],
    worker_id: id ?? invitation.worker_id,
  };
}

const ANSWER_MS = 5_000;

/** The first of the addresses at which a master answers. No token is sent for that. */
async function answering({ urls, tls_fingerprint }: Invitation, tls_ca: string | null): Promise<string> {
  const asked = urls.map(async (master_url) => {
    try {
      const client = createClient({ master_url, token: null, tls_ca, tls_fingerprint });
      await client.call("healthz", {}, { timeout_ms: ANSWER_MS });
      return null;
    } catch (error) {
      return messageOf(error);
    }
  });
  const troubles: string[] = [];
  for (const [n, master_url] of urls.entries()) {
    const trouble = await asked[n];
    if (trouble === null) return master_url;
    troubles.push(`  ${trouble}`);
  }
  throw new VcError(
    "unreachable",
    `no master answers where the line says:\n${troubles.join("\n")}\nSee that it runs and that no firewall keeps this machine off, or say its address with --master URL. Nothing was written.`,
  );
}

/** A worker's own token is good where it is known and refused what people may do. */
async function checkToken(invitation: Invitation, master_url: string, tls_ca: string | null): Promise<void> {
  const { token, tls_fingerprint } = invitation;
  try {
    await createClient({ master_url, token, tls_ca, tls_fingerprint }).call("status", {});
  } catch (error) {
    if (!(error instanceof VcError)) throw error;
    if (error.code === "forbidden") return;
    if (error.code !== "unauthorized") throw error;
    const message = `the master at ${master_url} does not take the line's token (any more): make a new line there with \`vc token show\` or \`vc token add\`. Nothing was written.`;
    throw new VcError("unauthorized", message, { cause: error });
  }
}

/** JSON's texts are texts of YAML, too. */
function configText(invitation: Invitation, of: { master_url: string; tls_ca: string | null }): string {
  const { worker_id, token, tls_fingerprint } = invitation;
  const keys = { id: worker_id, master_url: of.master_url, token, tls_fingerprint, tls_ca: of.tls_ca };
  const lines = Object.entries(keys).flatMap(([key, value]) =>
    value === null ? [] : [`  ${key}: ${JSON.stringify(value)}`],
  );
  return [
    "# Made by `vc join`. It holds a token: keep it from others. `vc help worker` tells all keys.",
    ...["worker:", ...lines, ""],
  ].join("\n");
}

function write(path: string, text: string, force: boolean): void {
  try {
    if (force) replacePrivateFile(path, text);
    else if (!makePrivateFile(path, text)) throw alreadyThere(path);
  } catch (cause) {
    if (cause instanceof VcError) throw cause;
    throw new VcError("failed", `cannot write ${path}: ${fileTrouble(cause)}`, { cause });
  }
}
