import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const call = async (...args: string[]) => (await Bun.spawn(args, { stderr: "ignore" }).exited) === 0;

/** Why no small disk can be had here, or null. */
export const noSmallDisk: string | null = await (async () => {
  if (process.platform !== "linux") return "mounts a small disk in memory, as Linux has them";
  const folder = await mkdtemp(join(tmpdir(), "vc-mount-"));
  const mounted = await mount(folder, "1m");
  if (mounted) await call("umount", folder);
  await rm(folder, { recursive: true });
  return mounted ? null : "needs the right to mount";
})();

/** Runs `use` while an empty disk of so many bytes lies at `path`. */
export async function withSmallDisk(path: string, bytes: number, use: () => Promise<void>): Promise<void> {
  await mkdir(path, { recursive: true });
  if (!(await mount(path, `${bytes}`))) throw new Error(`no disk could be mounted at ${path}`);
  try {
    await use();
  } finally {
    await call("umount", "-l", path);
  }
}

function mount(path: string, size: string): Promise<boolean> {
  return call("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
}
