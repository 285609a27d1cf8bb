import { existsSync, readdirSync } from "node:fs";
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";

const { HOME = "", XDG_CACHE_HOME = "" } = process.env;
const CACHE = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(HOME === "" ? homedir() : HOME, ".cache");

/**
 * Where the tests' newer ffmpeg lies: bin/ffmpeg and bin/ffprobe, lib/ with all that they load, and lvp_icd.json for
 * Mesa's Vulkan on the CPU. Outside the clone, so that the next one finds it; count up when what is in it changes.
 */
export const NEWER_FFMPEG = join(CACHE, "vc-tests", `newer-ffmpeg-1-${process.arch}`);

/** The first releases of Debian with an ffmpeg whose Vulkan codecs do (8.1); later ones have it too. */
const RELEASES = ["forky", "sid"];
const PACKAGES = ["ffmpeg", "mesa-vulkan-drivers", "libvulkan1"];
const KEYRINGS = ["debian-archive-keyring.pgp", "debian-archive-keyring.gpg"].map((name) =>
  join("/usr/share/keyrings", name),
);
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Makes NEWER_FFMPEG out of the packages of a newer Debian, unless it is there: about 170 MB to fetch. Needs Linux with
 * Debian's apt, but not its administrator, and leaves apt's own state alone. Returns why it cannot be had, or null.
 */
export async function ensureNewerFfmpeg(limit_ms: number): Promise<string | null> {
  if (existsSync(NEWER_FFMPEG)) return null;
  const refused = missing();
  if (refused !== null) return refused;
  console.error(`Fetching a newer ffmpeg for the tests into ${NEWER_FFMPEG} (about 170 MB, once)...`);
  const signal = AbortSignal.timeout(limit_ms);
  try {
    await mkdir(dirname(NEWER_FFMPEG), { recursive: true });
    await removeOld(dirname(NEWER_FFMPEG));
    const work = await mkdtemp(join(dirname(NEWER_FFMPEG), "making-"));
    try {
      await make(work, signal);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return null;
  } catch (error) {
    if (signal.aborted) return `a newer ffmpeg could not be fetched within ${limit_ms / 1000} s`;
    return `a newer ffmpeg could not be fetched: ${error instanceof Error ? error.message : error}`;
  }
}

function missing(): string | null {
  const needs = "a newer ffmpeg is fetched on Linux with Debian's apt only";
  if (process.platform !== "linux" || ARCHITECTURES[process.arch] === undefined) return needs;
  const program = ["apt-get", "dpkg-deb"].find((name) => Bun.which(name) === null);
  if (program !== undefined) return `${needs}; ${program} is not there`;
  return KEYRINGS.some(existsSync) ? null : `${needs}; Debian's keyring is not there`;
}

/** What a run that was cut off left behind. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const made_ms = await stat(path).then(
      (found) => found.mtimeMs,
      () => Date.now(),
    );
    if (name.startsWith("making-") && Date.now() - made_ms > 3_600_000) await rm(path, { recursive: true });
  }
}

async function make(work: string, signal: AbortSignal): Promise<void> {
  const tree = join(work, "tree");
  const packages = await download(work, signal);
  for (const path of packages) await text(["dpkg-deb", "--extract", path, tree], signal);
  const whole = join(work, "whole");
  await gather(tree, whole, signal);
  await prove(join(whole, "bin", "ffmpeg"), signal);
  await rename(whole, NEWER_FFMPEG).catch((error) => {
    // Another run was faster.
    if (!existsSync(NEWER_FFMPEG)) throw error;
  });
}

/** The packages and all that they depend on, of the first mirror and release that has them. */
async function download(work: string, signal: AbortSignal): Promise<string[]> {
  const failures: string[] = [];
  for (const mirror of await mirrors(signal))
    for (const release of RELEASES)
      try {
        const apt = await ownApt(join(work, release), mirror, release);
        await text([...apt, "update"], signal);
        await text([...apt, "install", "--download-only", "--yes", ...PACKAGES], signal);
        const archives = join(work, release, "archives");
        return readdirSync(archives)
          .filter((name) => name.endsWith(".deb"))
          .map((name) => join(archives, name));
      } catch (error) {
        signal.throwIfAborted();
        failures.push(`${release} from ${mirror}: ${error instanceof Error ? error.message : error}`);
        await rm(join(work, release), { recursive: true, force: true });
      }
  throw new Error(failures[0] ?? "apt knows no mirror of Debian");
}

/** Where this system's own packages come from: the archive's main part, without security and updates. */
async function mirrors(signal: AbortSignal): Promise<string[]> {
  const format = "$(COMPONENT) $(RELEASE) $(REPO_URI)";
  // Without --no-release-info a machine whose lists were never fetched, as in containers, would name none.
  const lines = await text(["apt-get", "indextargets", "--no-release-info", "--format", format], signal);
  return [...new Set([...lines.matchAll(/^main [a-z]+ (\S+)$/gm)].map(([, uri]) => uri ?? ""))];
}

/** An apt-get whose state lies in `folder`, where nothing is installed yet; settings of the system such as proxies hold. */
async function ownApt(folder: string, mirror: string, release: string): Promise<string[]> {
  const [lists, archives, sources, conf] = ["lists", "archives", "sources.list", "apt.conf"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  for (const path of [lists, archives]) await mkdir(join(path, "partial"), { recursive: true });
  const options = `arch=${ARCHITECTURES[process.arch]} signed-by=${KEYRINGS.find(existsSync)}`;
  await writeFile(sources, `deb [${options}] ${mirror} ${release} main\n`);
  const settings = {
    "Dir::State": folder,
    "Dir::State::lists": lists,
    "Dir::State::status": "/dev/null",
    "Dir::Cache": folder,
    "Dir::Cache::archives": archives,
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "APT::Default-Release": "",
    "APT::Install-Recommends": "false",
    "APT::Keep-Downloaded-Packages": "true",
    "APT::Sandbox::User": "root",
    "APT::Update::Error-Mode": "any",
    "Acquire::Languages": "none",
    // A mirror that stands still is good enough here; what it serves is signed all the same.
    "Acquire::Check-Valid-Until": "false",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "20",
    "Acquire::https::Timeout": "20",
    "Debug::NoLocking": "true",
  };
  // The system's hooks would act on the system's state.
  const hooks = ["APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success"];
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  await writeFile(conf, [...hooks.map((name) => `#clear ${name};`), ...lines, ""].join("\n"));
  return ["apt-get", "-c", conf, "-qq"];
}

/** Puts the programs, the driver and the libraries that these load, nothing else, into a folder that can be moved. */
async function gather(tree: string, whole: string, signal: AbortSignal): Promise<void> {
  const bin = join(whole, "bin");
  const lib = join(whole, "lib");
  for (const folder of [bin, lib]) await mkdir(folder, { recursive: true });
  const triplet = readdirSync(join(tree, "usr", "lib")).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const libraries = join(tree, "usr", "lib", triplet);
  const linker = readdirSync(libraries).find((name) => name.startsWith("ld-linux-")) ?? "";
  const path = ["", "pulseaudio", "blas", "lapack"].map((name) => join(libraries, name)).join(":");
  const programs = ["ffmpeg", "ffprobe"].map((name) => join(tree, "usr", "bin", name));
  const roots = [...programs, join(libraries, "libvulkan.so.1"), join(libraries, "libvulkan_lvp.so")];
  const loaded = new Map([join(libraries, linker), ...roots].map((file) => [basename(file), file]));
  for (const root of roots) {
    const list = await text(
      [join(libraries, linker), "--inhibit-cache", "--library-path", path, "--list", root],
      signal,
    );
    for (const [, name = "", file = ""] of list.matchAll(/^\s*([^\s/]+) => (.+?)(?: \(0x[0-9a-f]+\))?$/gm)) {
      if (!file.startsWith(tree)) throw new Error(`${basename(root)} needs ${name}: ${file}`);
      loaded.set(name, file);
    }
  }
  for (const [name, file] of loaded) await link(await realpath(file), join(lib, name));
  for (const program of programs)
    await writeFile(join(bin, basename(program)), wrapper(linker, basename(program)), { mode: 0o755 });
  await writeFile(join(whole, "lvp_icd.json"), await manifest(join(tree, "usr", "share", "vulkan", "icd.d")));
}

/** What tells the Vulkan loader of llvmpipe; a relative path in it starts where it lies. */
async function manifest(folder: string): Promise<string> {
  const name = readdirSync(folder).find((found) => found.startsWith("lvp_icd")) ?? "";
  const { ICD, ...rest } = JSON.parse(await readFile(join(folder, name), "utf8"));
  return JSON.stringify({ ...rest, ICD: { ...ICD, library_path: "./lib/libvulkan_lvp.so" } });
}

/**
 * The program with its own C library and its own llvmpipe: another system's driver may not load into it. So the
 * environment of the tests, which names the system's llvmpipe for the program under test, serves it too.
 */
function wrapper(linker: string, program: string): string {
  return `#!/bin/sh
F="$(cd "\${0%/*}/.." && pwd)"
case "\${VK_DRIVER_FILES-lvp_icd}" in
  *lvp_icd*) export VK_DRIVER_FILES="$F/lvp_icd.json" VK_ICD_FILENAMES="$F/lvp_icd.json" ;;
esac
export NODEVICE_SELECT=1 VK_LOADER_LAYERS_DISABLE="~implicit~"
exec "$F/lib/${linker}" --inhibit-cache --library-path "$F/lib" "$F/lib/${program}" "$@"
`;
}

/** Too old a version, or one that cannot use its driver, is none. */
async function prove(ffmpeg: string, signal: AbortSignal): Promise<void> {
  const version = /^ffmpeg version (\d+)\.(\d+)/.exec(await text([ffmpeg, "-version"], signal));
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (!(major > 8 || (major === 8 && minor >= 1))) throw new Error(`it is of version ${version?.[0]}`);
  const device = ["-init_hw_device", "vulkan=vk:0", "-f", "lavfi", "-i", "nullsrc=s=64x64", "-frames:v", "1"];
  await text([ffmpeg, "-v", "error", ...device, "-f", "null", "-"], signal);
}

/** Runs a program to its end; an error says the first thing that it complained of. */
async function text(cmd: string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const child = Bun.spawn({ cmd, env, signal, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode === 0) return stdout;
  const complaint = stderr.trim().split("\n")[0] ?? "";
  throw new Error(`${basename(cmd[0] ?? "")} failed: ${complaint}`);
}

if (import.meta.main) {
  const refused = await ensureNewerFfmpeg(600_000);
  console.error(refused ?? `A newer ffmpeg is in ${NEWER_FFMPEG}.`);
  process.exit(refused === null ? 0 : 1);
}
