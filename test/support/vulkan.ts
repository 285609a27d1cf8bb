import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLoader } from "../../src/vulkan/loader.ts";
import { run } from "./processes.ts";
import { ROOT } from "./sources.ts";

/** A C compiler, if this machine has one. */
export const cc = Bun.which("cc") ?? Bun.which("gcc") ?? Bun.which("clang");

const noLoader = "trouble" in openLoader() ? "the Vulkan loader is not installed (libvulkan1)" : null;

/** Why tests with a driver of their own cannot run here. */
export const noFakeDriver: string | null =
  process.platform !== "linux"
    ? "fake drivers are built on Linux only"
    : cc === null
      ? "no C compiler"
      : noLoader;

const FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
const llvmpipe = FOLDERS.flatMap((folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
).find((path) => /lvp_icd/.test(path));

/** Why nothing can be asked of Mesa's Vulkan on the CPU here. */
export const noLlvmpipe: string | null =
  noLoader ?? (llvmpipe === undefined ? "Mesa's llvmpipe is not installed (mesa-vulkan-drivers)" : null);

type Environment = Record<string, string>;

/** The environment in which that one driver is all that the loader finds; a layer of Mesa's could reorder devices. */
function only(manifest: string): Environment {
  const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
  return { PATH, HOME, TMPDIR, VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest, NODEVICE_SELECT: "1" };
}

/** The environment with Mesa's llvmpipe alone. */
export const LLVMPIPE: Environment = only(llvmpipe ?? "");

/** The environment of a machine without any driver. */
export const NO_DRIVER: Environment = only("/nonexistent/driver.json");

export type FakeDriver = {
  /** The environment in which a program sees the fake cards, or what `mode` says; modes as in fake-vulkan.c. */
  env(mode?: "crash" | "hang" | "none" | "refuse" | "chatter" | "linger"): Environment;
  remove(): Promise<void>;
};

/** Compiles the driver into a folder of its own. */
export async function buildFakeDriver(): Promise<FakeDriver> {
  const folder = await mkdtemp(join(tmpdir(), "vc-fake-vulkan-"));
  const library = join(folder, "libfake_vulkan.so");
  const source = join(ROOT, "test", "support", "fake-vulkan.c");
  const cmd = [cc ?? "cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source];
  const compiled = await run({ cmd, cwd: folder, env: { PATH: process.env.PATH ?? "" } });
  if (compiled.exit !== 0) throw new Error(`the fake driver does not compile:\n${compiled.stderr}`);
  const manifest = join(folder, "fake_icd.json");
  const icd = { library_path: library, api_version: "1.3.0" };
  await writeFile(manifest, JSON.stringify({ file_format_version: "1.0.0", ICD: icd }));
  return {
    env: (mode) => ({ ...only(manifest), FAKE_VULKAN: mode ?? "" }),
    remove: () => rm(folder, { recursive: true }),
  };
}
