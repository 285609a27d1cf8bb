import { statfs } from "node:fs/promises";
import { systemCode } from "../../shared/errors.ts";
import type { Problems } from "./problems.ts";

/** Less free space than this is a problem: a film does not fit, or the queue can soon not be written. Bytes. */
const LEAST_FREE = { output: 1024 ** 3, database: 64 * 1024 ** 2 };

/** Looks whether the disks of results and database are nearly full, and says so in `problems`. */
export async function watchDisks(of: {
  output_base: string;
  database_folder: string;
  problems: Problems;
}): Promise<void> {
  await watchDisk({ ...of, path: of.output_base, name: "output" });
  await watchDisk({ ...of, path: of.database_folder, name: "database" });
}

async function watchDisk(of: {
  path: string;
  name: keyof typeof LEAST_FREE;
  problems: Problems;
}): Promise<void> {
  const key = `disk.${of.name}`;
  try {
    const { bavail, bsize } = await statfs(of.path);
    const free = bavail * bsize;
    if (free >= LEAST_FREE[of.name]) return of.problems.clear(key);
    const megabytes = Math.floor(free / 1024 ** 2);
    of.problems.set(
      key,
      `The disk of ${of.path} (${of.name}) is nearly full: ${megabytes} MiB are left. Free some space.`,
    );
  } catch (error) {
    of.problems.set(
      key,
      `${of.path} (${of.name}) cannot be reached: ${systemCode(error) ?? "unknown error"}. Is its volume mounted?`,
    );
  }
}
