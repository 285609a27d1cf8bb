import { randomUUID } from "node:crypto";
import { join, sep } from "node:path";
import { fileTrouble, messageOf, systemCode } from "../../shared/errors.ts";
import { type JobOrder, parseStagingName } from "../../shared/job.ts";
import type { Reply } from "../../shared/protocol.ts";
import { filesHere, type MountFiles } from "./mount-files.ts";
import { describeMap, type MappedPath, mapPath, type PathPair, partsBelow } from "./path-map.ts";

export type Storage = Reply<"register">["storage"];
export type Sample = Reply<"prove_mount">["samples"][number];

/** Where the master's folders are on this machine. */
export type Workspace = {
  source_root: string;
  output_base: string;
  /** OUTPUT_BASE/.vc */
  staging: string;
  canary: { path: string; text: string };
  /** How the master calls its two folders, and the key of the configuration that says where they are here. */
  there: { source_root: string; output_base: string };
  key: "storage.mount_path" | "storage.path_map";
  source(order: Pick<JobOrder, "source_rel">): string;
  /** Of a film's path, what a person has set up here: from there down no symlink is followed. */
  rootOf(order: Pick<JobOrder, "source_rel">): string;
  target(order: Pick<JobOrder, "id" | "attempt" | "staging">): string;
};

/**
 * `mount_path` stands for the master's storage.root, and bounds what the master may name; null means the same paths as
 * there. A `path_map` that is not empty says instead where which of the master's folders are, and bounds it, too. Throws
 * where a folder of the master's is not below its root, or in no folder of the map.
 */
export function createWorkspace(
  storage: Storage,
  mount_path: string | null,
  path_map: readonly PathPair[] = [],
): Workspace {
  const here = (folder: string, ...names: string[]) =>
    path_map.length > 0
      ? mapped(path_map, [folder, ...names]).path
      : join(mounted(storage.root, folder, mount_path), ...names);
  const source_root = here(storage.source_root);
  const output_base = here(storage.output_base);
  const staging = here(storage.output_base, ".vc");
  return {
    source_root,
    output_base,
    staging,
    canary: { path: join(staging, "canary"), text: storage.nonce },
    there: { source_root: storage.source_root, output_base: storage.output_base },
    key: path_map.length > 0 ? "storage.path_map" : "storage.mount_path",
    source: ({ source_rel }) => here(storage.source_root, ...inside(source_rel)),
    rootOf({ source_rel }) {
      if (path_map.length === 0) return source_root;
      const { path, folder } = mapped(path_map, [storage.source_root, ...inside(source_rel)]);
      return partsBelow(source_root, path) === null ? folder : source_root;
    },
    target: (order) => join(staging, stagingOf(order)),
  };
}

function mounted(root: string, path: string, mount_path: string | null): string {
  const parts = partsBelow(root, path);
  if (parts === null) {
    throw new Error(
      `The master's folder ${JSON.stringify(path)} is not below its root ${JSON.stringify(root)}.`,
    );
  }
  return mount_path === null ? path : join(mount_path, ...parts);
}

/** The whole path is mapped, as a folder below may be mounted elsewhere. Both kinds of systems know slashes. */
function mapped(path_map: readonly PathPair[], names: string[]): MappedPath {
  const path = names.join("/");
  const here = mapPath(path_map, path);
  if (here !== null) return here;
  throw new Error(
    `storage.path_map does not say where the master's ${path} is on this machine (it says: ${describeMap(path_map)}): add a pair whose \`master\` contains it.`,
  );
}

/** Only the name that vc gives such a file: whatever else lies in the folder is none of this attempt's business. */
export function stagingOf({ id, attempt, staging }: Pick<JobOrder, "id" | "attempt" | "staging">): string {
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
  files: MountFiles = filesHere,
): Promise<string | null> {
  const hung = await whyHung(workspace, files);
  if (hung !== null) return hung;
  const name = `canary-${randomUUID()}`;
  const path = join(workspace.staging, name);
  try {
    await files.write(path, workspace.canary.text);
  } catch (error) {
    return `This machine cannot write into ${viewOf(workspace)} (${fileTrouble(error)}): mount the master's storage there, or set ${workspace.key}.`;
  }
  try {
    const { seen, samples } = await ask(name);
    if (!seen) {
      return `The master does not see what this machine writes into ${viewOf(workspace)}: another folder is mounted there; check ${workspace.key}.`;
    }
    const there = await files.read(workspace.canary.path).catch(messageOf);
    if (there !== workspace.canary.text) {
      return `${workspace.canary.path} is not what the master wrote into its ${workspace.there.output_base}: check ${workspace.key}, and the master's log.`;
    }
    return await compareSamples(workspace, samples, files);
  } finally {
    await files.remove(path).catch(() => {});
  }
}

/** One sentence where the mount does not answer at all; null where it does, whatever it says. */
export async function whyHung({ canary }: Workspace, files: MountFiles): Promise<string | null> {
  try {
    await files.read(canary.path);
    return null;
  } catch (error) {
    return systemCode(error) === "ETIMEDOUT" ? messageOf(error) : null;
  }
}

/** A master sends four. */
const MOST_SAMPLES = 32;

/** One film that this user may not read is that film's trouble; where all are so, it is this machine's. */
async function compareSamples(
  workspace: Workspace,
  samples: Sample[],
  files: MountFiles,
): Promise<string | null> {
  let closed: string | null = null;
  let open = 0;
  for (const sample of samples.slice(0, MOST_SAMPLES)) {
    const path = workspace.source(sample);
    try {
      const seen = await files.look(path);
      if (!seen.is_file || seen.size !== sample.size || seen.head_sha256 !== sample.head_sha256)
        return `${path} is not the file that the master sees as ${JSON.stringify(sample.source_rel)} in ${workspace.there.source_root} (${differs(seen, sample)}): check ${workspace.key}.`;
      open += 1;
    } catch (error) {
      const trouble = `This machine cannot read the source ${path} (${messageOf(error)}): check the mount, its permissions and ${workspace.key}.`;
      if (systemCode(error) !== "EACCES") return trouble;
      closed ??= trouble;
    }
  }
  return open > 0 ? null : closed;
}

/** A folder as both sides call it. */
function viewOf({ staging, there }: Workspace): string {
  return `${staging}, which is ${there.output_base}/.vc of the master's`;
}

function differs(seen: Awaited<ReturnType<MountFiles["look"]>>, sample: Sample): string {
  if (!seen.is_file) return "here it is no file";
  if (seen.size !== sample.size) return `${seen.size} bytes here, ${sample.size} there`;
  return "of the same size, but its first bytes differ";
}
