import { lstat, readdir } from "node:fs/promises";
import { join, relative } from "node:path";

type Seen = { size: bigint; ino: bigint; mtime_ns: bigint };

/**
 * Looks at an output tree all the while. What has a name there must be whole from its first moment: a file that changes
 * afterwards, or goes again, is a breach. `stop` ends the watch and returns the breaches, one sentence each.
 */
export function watchTree(folder: string): { stop(): Promise<string[]> } {
  const known = new Map<string, Seen>();
  const breaches = new Set<string>();
  let watching = true;

  const look = async () => {
    const found = await filesBelow(folder);
    for (const [name, now] of found) {
      const before = known.get(name);
      if (before === undefined) known.set(name, now);
      else if (before.size !== now.size || before.ino !== now.ino || before.mtime_ns !== now.mtime_ns)
        breaches.add(`${name} was seen with ${before.size} bytes, later with ${now.size}`);
    }
    for (const name of known.keys()) if (!found.has(name)) breaches.add(`${name} was there, and went again`);
  };
  const watch = (async () => {
    while (watching) {
      await look();
      await Bun.sleep(10);
    }
    await look();
  })();

  return {
    async stop() {
      watching = false;
      await watch;
      return [...breaches];
    },
  };
}

/** Every file but those in the staging folder, by its path below `folder`. */
export async function filesBelow(folder: string): Promise<Map<string, Seen>> {
  const found = new Map<string, Seen>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const name = relative(folder, join(entry.parentPath, entry.name));
    if (entry.isDirectory() || name.startsWith(".vc")) continue;
    const stat = await lstat(join(folder, name), { bigint: true }).catch(() => null);
    if (stat !== null) found.set(name, { size: stat.size, ino: stat.ino, mtime_ns: stat.mtimeNs });
  }
  return found;
}
