import { access, constants, link, lstat, readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { systemCode } from "../../shared/errors.ts";
import { obstacleTo } from "../../shared/replaceable.ts";
import type { FoundSource } from "./coordinator.ts";
import { remove } from "./files.ts";
import { outputKey } from "./output-names.ts";
import type { Storage } from "./storage.ts";

export type Inspect = (batch: FoundSource[]) => Promise<FoundSource[]>;
/** `names` are the entries of a folder by the key of their name. */
type Folder = { writable: boolean; names: Map<string, string> };

const PARALLEL = 64;

/** Looks, before anything is done with the films of a scan, whether each could be replaced; `placeOf` names its result. */
export async function createInspect(of: {
  storage: Storage;
  placeOf: (source_rel: string) => string;
}): Promise<Inspect> {
  const { root_path, staging_path } = of.storage;
  const can_link = await canLink(staging_path);
  return async (batch) => {
    const { dev } = await lstat(root_path, { bigint: true });
    const folders = new Map<string, Promise<Folder>>();
    const folderOf = (source_rel: string) => {
      const rel = posix.dirname(source_rel);
      const folder = folders.get(rel) ?? lookIntoFolder(join(root_path, rel));
      folders.set(rel, folder);
      return folder;
    };
    const inspected: FoundSource[] = [];
    for (let i = 0; i < batch.length; i += PARALLEL) {
      const some = batch.slice(i, i + PARALLEL).map(async (source) => {
        const folder = await folderOf(source.source_rel);
        const of_film = { source, folder, path: join(root_path, source.source_rel) };
        return { ...source, obstacle: await obstacleOf(of_film, { dev, can_link, ...of }) };
      });
      inspected.push(...(await Promise.all(some)));
    }
    return inspected;
  };
}

async function obstacleOf(
  { source, folder, path }: { source: FoundSource; folder: Folder; path: string },
  of: { dev: bigint; can_link: boolean; placeOf: (source_rel: string) => string },
) {
  const { source_rel } = source;
  const place = of.placeOf(source_rel);
  const same_name = place === source_rel;
  const stat = await lstat(path, { bigint: true }).catch(toNothing);
  // It went away since it was found: the next scan tells.
  if (stat === null) return null;
  return obstacleTo({
    ...{ same_name, can_link: of.can_link, folder_writable: folder.writable },
    names: Number(stat.nlink),
    same_device: stat.dev === of.dev,
    writable: (stat.mode & 0o222n) !== 0n && (await mayWrite(path)),
    beside: same_name ? null : (folder.names.get(outputKey(posix.basename(place))) ?? null),
  });
}

async function lookIntoFolder(path: string): Promise<Folder> {
  const names = (await readdir(path).catch(toNothing)) ?? [];
  return { writable: await mayWrite(path), names: new Map(names.map((name) => [outputKey(name), name])) };
}

async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    (error) => toNothing(error) !== null,
  );
}

/** Whether a file can have a second name here. */
async function canLink(staging_path: string): Promise<boolean> {
  const second = join(staging_path, `canary-link-${process.pid}`);
  await remove(second);
  try {
    await link(join(staging_path, "canary"), second);
    await remove(second);
    return true;
  } catch (error) {
    return toNothing(error) !== null;
  }
}

/** For questions to which a refusal of the system is an answer. */
function toNothing(error: unknown): null {
  if (systemCode(error) === undefined) throw error;
  return null;
}
