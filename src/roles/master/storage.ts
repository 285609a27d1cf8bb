import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, isAbsolute, join, parse, relative, sep } from "node:path";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Reply } from "../../shared/protocol.ts";
import { statOf } from "./files.ts";
import { inRealFolder } from "./quarantine-folder.ts";

export type Folders = { root_path: string; output_base: string };
export type Storage = Folders & {
  /** What a worker's mount_path stands for. */
  root: string;
  /** OUTPUT_BASE/.vc */
  staging_path: string;
  /** Made at the first start; lies in .vc/canary. It stays, so that workers need no new proof after a restart. */
  nonce: string;
  /** Device and inode of output_base: whether it is still the folder of the start. */
  identity: string;
};

/** Everyone may make files in it, only their owners and the folder's may take them away. */
const STAGING_MODE = 0o1777;
const HEAD_BYTES = 64 * 1024;

/**
 * Makes OUTPUT_BASE/.vc ready for workers under any user. `local`: all workers run on this machine and see its paths.
 * `waiting`: how many results lie there to be published. Throws VcError "config" or "storage".
 */
export async function openStorage(
  of: Folders & { root: string | null; local: boolean; waiting: number },
): Promise<Storage> {
  const { root_path, output_base } = of;
  const root = of.local ? parse(root_path).root : storageRoot(of);
  const staging_path = join(of.output_base, ".vc");
  try {
    await requireStaged(staging_path, of.waiting);
    await makeStaging(staging_path);
    const nonce = await keepNonce(staging_path);
    return { root_path, output_base, root, staging_path, nonce, identity: await identify(output_base) };
  } catch (cause) {
    if (cause instanceof VcError) throw cause;
    const message = `scanner.output_base ${of.output_base} cannot be used: ${messageOf(cause)}. The master must own it and be able to write there.`;
    throw new VcError("storage", message, { cause });
  }
}

/**
 * Makes .vc and its canary again where somebody cleaned them away. Leaves another folder under the same name (the
 * place of a volume that is gone) as it is.
 */
export async function repairStaging({ output_base, staging_path, nonce, identity }: Storage): Promise<void> {
  const canary = join(staging_path, "canary");
  const found = await readFile(canary, "utf8").catch(systemCode);
  if (found !== "ENOENT" || (await identify(output_base).catch(systemCode)) !== identity) return;
  await makeStaging(staging_path);
  await writeCanary(canary, nonce);
}

async function identify(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}:${ino}`;
}

async function makeStaging(staging_path: string): Promise<void> {
  await mkdir(staging_path, { recursive: true });
  const stat = await lstat(staging_path);
  if (!stat.isDirectory()) {
    const message = `${staging_path} is a symlink, or no folder: results would be written elsewhere. Move it away; the master makes its own.`;
    throw new VcError("storage", message);
  }
  const { mode } = stat;
  if ((mode & 0o7777) !== STAGING_MODE) await openToAll(staging_path);
}

async function writeCanary(canary: string, nonce: string): Promise<void> {
  const draft = `${canary}-${randomBytes(8).toString("hex")}`;
  await writeFile(draft, nonce, { mode: 0o644, flag: "wx" });
  await rename(draft, canary);
}

async function keepNonce(staging_path: string): Promise<string> {
  const canary = join(staging_path, "canary");
  const known = await readFile(canary, "utf8").catch(() => "");
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  const nonce = randomBytes(16).toString("hex");
  await writeCanary(canary, nonce);
  return nonce;
}

/** Without this, a start with the volume away would take all results that wait to be published for lost. */
async function requireStaged(staging_path: string, waiting: number): Promise<void> {
  if (waiting === 0 || (await statOf(staging_path)) !== null) return;
  const message = `${staging_path} does not exist, although ${waiting} results wait there to be published; is the volume mounted? If the folder was removed on purpose, make it again.`;
  throw new VcError("storage", message);
}

/** File systems without permissions refuse, and need none. */
async function openToAll(staging_path: string): Promise<void> {
  try {
    await chmod(staging_path, STAGING_MODE);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
  }
}

/** Throws VcError("storage") when OUTPUT_BASE is not the folder that this master started with: its mount is gone. */
export async function requireOutputs(storage: Storage): Promise<void> {
  await repairStaging(storage).catch(messageOf);
  const found = await readFile(join(storage.staging_path, "canary"), "utf8").catch((error) =>
    messageOf(error),
  );
  if (found === storage.nonce) return;
  const message = `${storage.output_base} is not the folder that the master started with; is its volume mounted?`;
  throw new VcError("storage", message);
}

/** Throws VcError("storage") when the source root cannot be read or is empty: its mount is gone. */
export async function requireSources(storage: Storage): Promise<void> {
  const { root_path } = storage;
  const names = await readdir(root_path).catch((cause) => {
    throw new VcError("storage", `${root_path} cannot be read: ${messageOf(cause)}. Is its volume mounted?`, {
      cause,
    });
  });
  if (names.length === 0) throw new VcError("storage", `${root_path} is empty. Is its volume mounted?`);
}

/** Whether a worker's canary lies in .vc and holds the nonce that only this master and its workers know. */
export async function seesCanary(storage: Storage, name: string): Promise<boolean> {
  if (!/^canary-[0-9a-zA-Z._-]+$/.test(name)) {
    throw new VcError(
      "bad_request",
      "canary: must be `canary-` and letters, digits, dots, hyphens or underscores.",
    );
  }
  try {
    const head = await readHead(join(storage.staging_path, name), 200);
    return head.toString("utf8").trim() === storage.nonce;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

type Sample = Reply<"prove_mount">["samples"][number];

/** How the master sees a source now; null when it cannot be read. `head_sha256` is of its first 64 KiB. */
export async function sampleOf(storage: Storage, source_rel: string): Promise<Sample | null> {
  try {
    return await inRealFolder(storage.root_path, source_rel, async (path) => {
      const stat = await lstat(path, { bigint: true });
      if (!stat.isFile()) return null;
      const head_sha256 = createHash("sha256")
        .update(await readHead(path, HEAD_BYTES))
        .digest("hex");
      return { source_rel, size: Number(stat.size), mtime_ns: String(stat.mtimeNs), head_sha256 };
    });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

/** Whether every user may read it, as far as its mode and those of its folders tell. */
export async function isOpenToAll({ root_path }: Storage, source_rel: string): Promise<boolean> {
  const allows = async (path: string, bit: number) =>
    ((await lstat(join(root_path, path)).catch(() => null))?.mode ?? 0) & bit;
  if (!(await allows(source_rel, constants.S_IROTH))) return false;
  for (let folder = dirname(source_rel); folder !== "."; folder = dirname(folder)) {
    if (!(await allows(folder, constants.S_IXOTH))) return false;
  }
  return true;
}

/** The output tree as a path below the root, '/'-separated; null when it lies elsewhere. Throws when they are one. */
export async function outputsBelowRoot({ root_path, output_base }: Folders): Promise<string | null> {
  const root = await realpath(root_path).catch(() => root_path);
  const below = relative(root, await realpath(output_base));
  if (below === "") {
    throw new VcError(
      "config",
      `scanner.output_base must not be root_path itself (${root_path}): results would count as films.`,
    );
  }
  return below === ".." || below.startsWith(`..${sep}`) || isAbsolute(below)
    ? null
    : below.split(sep).join("/");
}

/** The first bytes of a regular file, never through a symlink in its last part. */
async function readHead(path: string, max_bytes: number): Promise<Buffer> {
  const file = await open(
    path,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    if (!(await file.stat()).isFile()) return Buffer.alloc(0);
    const buffer = Buffer.alloc(max_bytes);
    let filled = 0;
    for (let got = -1; got !== 0 && filled < max_bytes; filled += got) {
      got = (await file.read(buffer, filled, max_bytes - filled, filled)).bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** `storage.root`, or the folder that root_path and output_base share. Throws VcError("config") when there is none. */
function storageRoot({ root, root_path, output_base }: Folders & { root: string | null }): string {
  const chosen = root ?? commonParent(root_path, output_base);
  if (root === null && chosen === dirname(chosen)) {
    const message = `scanner.root_path ${root_path} and output_base ${output_base} share no folder but ${chosen}: put both into one, or set storage.root to ${chosen} if workers see both under the same paths.`;
    throw new VcError("config", message);
  }
  for (const path of [root_path, output_base]) {
    if (!isWithin(chosen, path)) throw new VcError("config", `storage.root ${chosen} must contain ${path}.`);
  }
  return chosen;
}

function commonParent(one: string, other: string): string {
  let parent = one;
  while (!isWithin(parent, other) && parent !== dirname(parent)) parent = dirname(parent);
  return parent;
}

function isWithin(parent: string, path: string): boolean {
  const way = relative(parent, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
