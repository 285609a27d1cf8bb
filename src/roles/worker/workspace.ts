import { createHash, randomUUID } from "node:crypto";
import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { messageOf, systemCode } from "../../shared/errors.ts";
import { type JobOrder, parseStagingName } from "../../shared/job.ts";
import type { Reply } from "../../shared/protocol.ts";

export type Storage = Reply<"register">["storage"];
export type Sample = Reply<"prove_mount">["samples"][number];

/** Where the master's folders are on this machine. */
export type Workspace = {
  source_root: string;
  output_base: string;
  /** OUTPUT_BASE/.vc */
  staging: string;
  canary: { path: string; text: string };
  source(order: Pick<JobOrder, "source_rel">): string;
  target(order: Pick<JobOrder, "id" | "attempt" | "staging">): string;
};

const HEAD_BYTES = 65_536;

/**
 * `mount_path` stands for the master's storage.root, and bounds what the master may name; null means the same paths as
 * there. Throws where a folder of the master's is not below its root.
 */
export function createWorkspace(storage: Storage, mount_path: string | null): Workspace {
  const here = (path: string) => {
    const parts = partsBelow(storage.root, path);
    return mount_path === null ? path : join(mount_path, ...parts);
  };
  const source_root = here(storage.source_root);
  const output_base = here(storage.output_base);
  const staging = join(output_base, ".vc");
  return {
    source_root,
    output_base,
    staging,
    canary: { path: join(staging, "canary"), text: storage.nonce },
    source: (order) => join(source_root, ...inside(order.source_rel)),
    target: (order) => join(staging, stagingOf(order)),
  };
}

/** The folders between the master's `root` and `path`, whatever system the master runs on. */
function partsBelow(root: string, path: string): string[] {
  const isWindows = /^[A-Za-z]:|^\\\\/.test(root);
  const separator = isWindows ? /[\\/]+/ : /\/+/;
  const above = root.split(separator).filter((part) => part !== "");
  const parts = path.split(separator).filter((part) => part !== "");
  const isSame = (one: string, other = "") =>
    isWindows ? one.toLowerCase() === other.toLowerCase() : one === other;
  const isBelow = /^(?:\/|[A-Za-z]:|\\\\)/.test(path) && above.every((part, n) => isSame(part, parts[n]));
  if (!isBelow || parts.some((part) => part === ".." || part.includes("\0"))) {
    throw new Error(
      `The master's folder ${JSON.stringify(path)} is not below its root ${JSON.stringify(root)}.`,
    );
  }
  return parts.slice(above.length);
}

/** Only the name that vc gives such a file: whatever else lies in the folder is none of this attempt's business. */
function stagingOf({ id, attempt, staging }: Pick<JobOrder, "id" | "attempt" | "staging">): string {
  const name = parseStagingName(staging);
  if (name?.job_id === id && name.attempt === attempt) return staging;
  throw new Error(`The master named a staging file that is not this attempt's: ${JSON.stringify(staging)}`);
}

/** A master is trusted with names below its roots, and with nothing else. */
function inside(rel: string): string[] {
  const parts = rel.split("/");
  if (parts.some(leaves)) {
    throw new Error(`The master named a path that leaves its folder: ${JSON.stringify(rel)}`);
  }
  return parts;
}

/** On Windows a backslash would be another way out. */
function leaves(part: string): boolean {
  return ["", ".", ".."].includes(part) || part.includes("\0") || part.includes(sep);
}

/**
 * Proves that this machine and the master see the same files: a canary written here must be seen there, the
 * master's canary must be readable here, and sources must be alike. Null when all is well, else one sentence.
 */
export async function proveMount(
  workspace: Workspace,
  ask: (canary: string) => Promise<Reply<"prove_mount">>,
): Promise<string | null> {
  const name = `canary-${randomUUID()}`;
  const path = join(workspace.staging, name);
  try {
    await writeFile(path, workspace.canary.text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    return `This machine cannot write into ${workspace.staging} (${messageOf(error)}): mount the master's storage there, or set storage.mount_path.`;
  }
  try {
    const { seen, samples } = await ask(name);
    if (!seen) {
      return `The master does not see what this machine writes into ${workspace.staging}: another folder is mounted there; check storage.mount_path.`;
    }
    const there = await readFile(workspace.canary.path, "utf8").catch(messageOf);
    if (there !== workspace.canary.text) {
      return `${workspace.canary.path} is not what the master wrote there: check storage.mount_path, and the master's log.`;
    }
    return await compareSamples(workspace, samples);
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

/** A master sends four. */
const MOST_SAMPLES = 32;

/** One film that this user may not read is that film's trouble; where all are so, it is this machine's. */
async function compareSamples(workspace: Workspace, samples: Sample[]): Promise<string | null> {
  let closed: string | null = null;
  let open = 0;
  for (const sample of samples.slice(0, MOST_SAMPLES)) {
    const path = join(workspace.source_root, ...inside(sample.source_rel));
    try {
      const seen = await stat(path);
      // To open a pipe would take for ever.
      if (!seen.isFile() || seen.size !== sample.size || (await headHash(path)) !== sample.head_sha256)
        return `${path} is not the file that the master sees: check storage.mount_path.`;
      open += 1;
    } catch (error) {
      const trouble = `This machine cannot read the source ${path} (${messageOf(error)}): check the mount and its permissions.`;
      if (systemCode(error) !== "EACCES") return trouble;
      closed ??= trouble;
    }
  }
  return open > 0 ? null : closed;
}

async function headHash(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex");
  } finally {
    await file.close();
  }
}
