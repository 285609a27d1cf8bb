const limit = (soft: string) =>
  Bun.spawnSync(["prlimit", "--pid", `${process.pid}`, `--fsize=${soft}:unlimited`]).exitCode === 0;

/** Why this process cannot limit its own files, or null. */
export const noLargestFile: string | null =
  Bun.which("prlimit") !== null && limit("unlimited") ? null : "needs prlimit and no limit for files";

/** Runs `use` while no file of this process can be written beyond so many bytes: EFBIG, as on a disk that fills up meanwhile. */
export async function withLargestFile(bytes: number, use: () => Promise<void>): Promise<void> {
  // Unheard, the signal ends the process.
  const heard = () => {};
  process.on("SIGXFSZ", heard);
  limit(`${bytes}`);
  try {
    await use();
  } finally {
    limit("unlimited");
    process.off("SIGXFSZ", heard);
  }
}
