import { open, readFile, writeFile } from "node:fs/promises";
import { freemem, homedir } from "node:os";
import { join } from "node:path";

/** What differs between operating systems, and between the executable and its sources. */

/** The argv that starts this program again, before its own arguments. */
export function selfCommand(): string[] {
  if (!Bun.isStandaloneExecutable) return [process.execPath, join(import.meta.dir, "..", "main.ts")];
  // The very file that runs, also after an update has put another one in its place.
  return [process.platform === "linux" ? "/proc/self/exe" : process.execPath];
}

/** Bytes that programs could get without swapping. Linux: MemAvailable of proc(5), as free memory leaves out caches. */
export async function availableMemory(): Promise<number> {
  if (process.platform === "linux") {
    const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
    const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
    if (match !== null) return Number(match[1]) * 1024;
  }
  return freemem();
}

/**
 * Bytes of memory that a process has for itself, without files and devices that it only maps; 0 where the system does
 * not tell. Linux: RssAnon of proc(5).
 */
export async function ownMemory(pid: number): Promise<number> {
  if (process.platform !== "linux") return 0;
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(text);
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Where memory runs out, the system is to end this process rather than any other. Linux: oom_score_adj of proc(5). */
export async function endFirstWithoutMemory(pid: number): Promise<void> {
  if (process.platform === "linux") await writeFile(`/proc/${pid}/oom_score_adj`, "1000").catch(() => {});
}

/** The system's folder for what a program can make again. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "vc");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "vc");
  return join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "vc");
}

/** Whether signals go to groups of processes, as Ctrl-C in a terminal does; Windows has consoles instead. */
export function hasProcessGroups(): boolean {
  return process.platform !== "win32";
}

/** A path that stands for an open file, whatever is put under its name meanwhile; elsewhere than on Linux, the name. */
export function pathOfOpenFile(of: { fd: number; path: string }): string {
  return process.platform === "linux" ? `/proc/self/fd/${of.fd}` : of.path;
}

/** Whether paths can go through open folders, so that none can be put in their place: see pathOfOpenFile. */
export function hasPathsOfOpenFolders(): boolean {
  return process.platform === "linux";
}

/** Makes names in a folder durable. Windows cannot, and its file systems keep names in a journal. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A program's file name: with .exe on Windows. */
export function programFile(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}

/** One sentence on how to install ffmpeg here. */
export function ffmpegInstallHint(): string {
  if (process.platform === "darwin") return "Install it with: brew install ffmpeg.";
  if (process.platform === "win32") return "Install it with: winget install Gyan.FFmpeg.";
  return "Install it with the system's package manager (apt install ffmpeg, dnf install ffmpeg, pacman -S ffmpeg).";
}

/** The names of the system's Vulkan loader, best first. On macOS it comes with the Vulkan SDK, or is MoltenVK alone. */
export function vulkanLibraries(): string[] {
  if (process.platform === "win32") return ["vulkan-1.dll"];
  if (process.platform !== "darwin") return ["libvulkan.so.1"];
  const names = ["libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"];
  // Homebrew's folders are not on the path that the system searches for a signed program.
  return ["", "/opt/homebrew/lib/", "/usr/local/lib/"].flatMap((folder) =>
    names.map((name) => folder + name),
  );
}

/** NVIDIA's own tool, or null. Windows has it among the system's files, and none that lies elsewhere is trusted. */
export function nvidiaSmi(): string | null {
  if (process.platform !== "win32") return Bun.which("nvidia-smi");
  return join(process.env.SystemRoot ?? "C:\\Windows", "System32", "nvidia-smi.exe");
}
