import { randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import type { WorkerToken } from "../../shared/endpoints-tokens.ts";
import { fileTrouble, messageOf, systemCode, VcError } from "../../shared/errors.ts";
import { found } from "../../shared/found.ts";
import { digestOf, type Grant } from "./auth.ts";

export type WorkerTokens = {
  /** What a token opens; null for one that was never made, or revoked. */
  grantOf(token: string): Grant | null;
  list(): WorkerToken[];
  /** The only time that the token itself is known here. Throws VcError "conflict" or "storage". */
  add(of: { name: string; created_at: string }): WorkerToken & { token: string };
  /** Ends a token at once. Throws VcError "not_found" or "storage". */
  revoke(name: string): WorkerToken;
};

/** A farm of more machines shares tokens; each is compared by its id, so that many cost no time. */
const MOST = 10_000;

/**
 * The tokens of single workers, kept as hashes in a file beside the database. Not in the database itself: a restored
 * backup must not bring back what was revoked. Throws VcError("storage") when the file is there and cannot be used.
 */
export function openWorkerTokens(path: string): WorkerTokens {
  const kept = new Map(readKept(path).map((one) => [one.id, { ...one, revoked: new AbortController() }]));
  const ofName = (name: string) => [...kept.values()].find((one) => one.name === name);
  const save = (all: Kept[]) => writeKept(path, all);
  return {
    grantOf(token) {
      const one = kept.get(/^vcw-([0-9a-f]{12})-[\w-]{43}$/.exec(token)?.[1] ?? "");
      if (one === undefined || !timingSafeEqual(digestOf(token), Buffer.from(one.sha256, "hex"))) return null;
      return { worker_id: one.name, revoked: one.revoked.signal };
    },
    list: () => [...kept.values()].map(shown).sort((a, b) => (a.name < b.name ? -1 : 1)),
    add({ name, created_at }) {
      if (ofName(name) !== undefined)
        throw new VcError(
          "conflict",
          `the worker ${found(name)} has a token already; \`vc token revoke\` ends it.`,
        );
      if (kept.size >= MOST) throw new VcError("conflict", `there are ${MOST} tokens already; revoke some.`);
      const id = randomBytes(6).toString("hex");
      const token = `vcw-${id}-${randomBytes(32).toString("base64url")}`;
      const one = { name, id, created_at, sha256: digestOf(token).toString("hex") };
      save([...kept.values(), one]);
      kept.set(id, { ...one, revoked: new AbortController() });
      return { ...shown(one), token };
    },
    revoke(name) {
      const one = ofName(name);
      if (one === undefined)
        throw new VcError(
          "not_found",
          `no worker ${found(name)} has a token; \`vc token list\` shows who has.`,
        );
      save([...kept.values()].filter((other) => other !== one));
      kept.delete(one.id);
      one.revoked.abort();
      return shown(one);
    },
  };
}

/** Where they are kept, beside the database. */
export function workerTokensPath(database_path: string): string {
  return `${database_path}.worker-tokens.json`;
}

const Kept = v.object({
  name: v.string(),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{12}$/)),
  created_at: v.string(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
type Kept = v.InferOutput<typeof Kept>;
const KeptFile = v.object({ tokens: v.array(Kept) });

const shown = ({ name, id, created_at }: Kept): WorkerToken => ({ name, id, created_at });

/** A damaged file is no reason to forget who has a token, nor whose was revoked. */
function readKept(path: string): Kept[] {
  try {
    return v.parse(KeptFile, JSON.parse(readFileSync(path, "utf8"))).tokens;
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    const message = `cannot use the list of workers' tokens in ${path}: ${messageOf(cause)}. Repair it, or move it away: then every worker needs a new token.`;
    throw new VcError("storage", message, { cause });
  }
}

/** Whole or not at all, and on the disk before anybody is told. */
function writeKept(path: string, all: Kept[]): void {
  const draft = `${path}.${process.pid}`;
  const tokens = all.map(({ name, id, created_at, sha256 }) => ({ name, id, created_at, sha256 }));
  try {
    writeFileSync(draft, `${JSON.stringify({ tokens }, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, path);
    syncFolderNow(dirname(path));
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new VcError(
      "storage",
      `cannot keep the list of workers' tokens in ${path}: ${fileTrouble(cause)}. Nothing was changed.`,
      { cause },
    );
  }
}

function syncFolderNow(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
