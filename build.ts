import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Every system that vc is built for: Bun's name of the target. */
export const TARGETS = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "windows-x64",
  "windows-arm64",
  "darwin-x64",
  "darwin-arm64",
] as const;
export type Target = (typeof TARGETS)[number];

const root = import.meta.dir;
const dist = join(root, "dist");
const INPUTS = ["build.ts", "package.json", "package-lock.json", "src/**/*", "drizzle/**/*"];

/**
 * Compiles vc into one executable and returns its path: dist/vc for this machine (`target` null), else
 * dist/vc-TARGET. Nothing is done when neither the sources nor Bun changed since the last time.
 * Throws an Error with the compiler's messages.
 */
export async function build(target: Target | null): Promise<string> {
  const outfile = join(dist, executableName(target));
  const stampFile = join(dist, `.${executableName(target)}.inputs`);
  const stamp = await hashInputs();
  if (existsSync(outfile) && existsSync(stampFile) && (await readFile(stampFile, "utf8")) === stamp)
    return outfile;
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(join(dist, ".build-"));
  try {
    await compile(target, join(folder, executableName(target)));
    // A rename, because a running executable cannot be written to.
    await rename(join(folder, executableName(target)), outfile);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return outfile;
}

function executableName(target: Target | null): string {
  const windows = target === null ? process.platform === "win32" : target.startsWith("windows");
  return `vc${target === null ? "" : `-${target}`}${windows ? ".exe" : ""}`;
}

async function hashInputs(): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(Bun.version);
  for (const pattern of INPUTS)
    for (const file of [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true })].sort())
      hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest("hex");
}

async function compile(target: Target | null, outfile: string): Promise<void> {
  // Bun takes assets relative to the current folder, and nothing else says where the executable finds them.
  process.chdir(root);
  const { version } = (await Bun.file(join(root, "package.json")).json()) as { version: string };
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    minify: true,
    // A command loads only its own part: `vc --version` takes 7 ms so, else 20 ms.
    splitting: true,
    // Keeps file and line of the sources in stack traces.
    sourcemap: "inline",
    bytecode: true,
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"', VC_VERSION: JSON.stringify(version) },
    compile: {
      ...(target === null ? {} : { target: `bun-${target}` as Bun.Build.CompileTarget }),
      outfile,
      assets: ["drizzle", "src/ffmpeg/trial-clips"],
      // Both would run or read files of whatever folder vc is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    throw: false,
  });
  if (!result.success)
    throw new Error(
      `vc could not be built${target === null ? "" : ` for ${target}`}:\n${result.logs.join("\n")}`,
    );
}

/** `bun build.ts` writes dist/vc; `--all` every target, `--target NAME` one of them. */
async function main(args: string[]): Promise<void> {
  const named = args[args.indexOf("--target") + 1];
  const wanted = args.includes("--all")
    ? [...TARGETS]
    : args.includes("--target")
      ? TARGETS.filter((target) => target === named)
      : [null];
  if (wanted.length === 0) throw new Error(`--target must be one of ${TARGETS.join(", ")}`);
  for (const target of wanted) {
    const file = await build(target);
    const size = (Bun.file(file).size / 1e6).toFixed(1);
    console.log(`${file.slice(root.length + 1)}  ${size} MB`);
  }
}

if (import.meta.main)
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
