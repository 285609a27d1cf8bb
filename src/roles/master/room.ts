import { statfs } from "node:fs/promises";
import { VcError } from "../../shared/errors.ts";

/** Left free on the disk of results, which may be the database's too. Bytes. */
export const KEPT_FREE = 128 * 1024 * 1024;

/** What is still to come of others, in bytes: never more than `at_most`, which costs next to nothing to know. */
export type Promised = { at_most: number; exactly(): number };

/**
 * Whether the disk of `path` holds `bytes` more, beside what is promised to others already.
 * @throws VcError storage_full
 */
export async function requireRoom(of: { path: string; bytes: number; promised: Promised }): Promise<void> {
  if (of.bytes <= 0) return;
  const { bavail, bsize } = await statfs(of.path);
  const unkept = bavail * bsize - KEPT_FREE;
  if (of.bytes <= unkept - of.promised.at_most) return;
  const free = unkept - of.promised.exactly();
  if (of.bytes <= free) return;
  const mb = (bytes: number) => Math.ceil(Math.max(0, bytes) / 1024 ** 2);
  const message = `the disk of the master's results has room for ${mb(free)} MiB more, and ${mb(of.bytes)} MiB are to come. Free some space there.`;
  throw new VcError("storage_full", message);
}
