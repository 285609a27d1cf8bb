// Makes a fresh clone ready to run: the packages of the lock file (Bun is one of them), with --ffmpeg ffmpeg, and
// with --tests what only tests need. Runs before everything else, under Node or Bun, so it uses nothing but
// node: modules.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".vc-lock");
const bunFolder = join(root, "node_modules", "bun");
const onWindows = process.platform === "win32";

const wingetStep = [
  "winget",
  "install",
  "--id",
  "Gyan.FFmpeg",
  "--exact",
  "--accept-source-agreements",
  "--accept-package-agreements",
];
const linuxSteps = [
  [
    "apt-get",
    [
      ["apt-get", "update"],
      ["apt-get", "install", "-y", "--no-install-recommends", "ffmpeg"],
    ],
  ],
  ["dnf", [["dnf", "install", "-y", "ffmpeg-free"]]],
  ["pacman", [["pacman", "-Sy", "--noconfirm", "--needed", "ffmpeg"]]],
];

ensurePackages();
ensureBun();
if (process.argv.includes("--ffmpeg")) ensureFfmpeg();
if (process.argv.includes("--tests")) ensureTestTools();

/** Installs node_modules when it is missing or of another lock file; the stamp makes every later run free. */
function ensurePackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("Installing packages...");
  const [command, ...args] = packageManager();
  const done = run(command, args, { stdio: ["ignore", process.stderr, process.stderr] });
  if (done.status !== 0) fail(`${command} ${args.join(" ")} failed; see above.`);
  writeFileSync(stamp, wanted);
}

/** Both install from package-lock.json and refuse one that has drifted from package.json. */
function packageManager() {
  const bun = runningBun();
  return bun === undefined
    ? ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    : [bun, "install", "--frozen-lockfile"];
}

/** The Bun that runs this script or, where `bun run` found a Node, the one that started it. */
function runningBun() {
  if (process.versions.bun) return process.execPath;
  const startedByBun = (process.env.npm_config_user_agent ?? "").startsWith("bun/");
  return startedByBun ? (process.env.npm_execpath ?? "bun") : undefined;
}

/** npm may have been told not to run install scripts: then Bun's program is only a stub that says so. */
function ensureBun() {
  if (starts(join(bunFolder, "bin", "bun.exe"))) return;
  run(process.execPath, [join(bunFolder, "install.js")], { cwd: bunFolder });
  if (!starts(join(bunFolder, "bin", "bun.exe")))
    fail(
      "Bun cannot be started. Remove node_modules and try again; if that does not help, see https://bun.com/docs/installation.",
    );
}

function ensureFfmpeg() {
  if (starts("ffmpeg", "-version") && starts("ffprobe", "-version")) return;
  const steps = ffmpegSteps();
  if (steps === undefined)
    fail("ffmpeg and ffprobe are needed. Install ffmpeg 5.1 or later and put both on PATH.");
  console.error("Installing ffmpeg...");
  for (const [command, ...args] of steps) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const done = run(command, args, { stdio: ["ignore", process.stderr, process.stderr], env });
    if (done.status !== 0)
      fail(`ffmpeg is needed and could not be installed. Install it with: ${sentence(steps)}`);
  }
  if (!starts("ffmpeg", "-version") || !starts("ffprobe", "-version"))
    fail("ffmpeg was installed but is not on PATH yet. Open a new terminal and run this again.");
}

/** What to run, one command after the other; undefined where no known package manager is there. */
function ffmpegSteps() {
  if (onWindows) return starts("winget") ? [wingetStep] : undefined;
  if (process.platform === "darwin") return starts("brew") ? [["brew", "install", "ffmpeg"]] : undefined;
  const found = linuxSteps.find(([program]) => starts(program));
  if (found === undefined) return undefined;
  const asRoot = administrator();
  if (asRoot === undefined)
    fail(`ffmpeg is needed and only an administrator can install it: ${sentence(found[1], "sudo ")}`);
  return found[1].map((step) => [...asRoot, ...step]);
}

/** What to put before a command that only an administrator may run; undefined where a password would be asked. */
function administrator() {
  if (process.getuid?.() === 0) return [];
  return run("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}

/**
 * A driver for Vulkan on the CPU, what lists it, a compiler for drivers of our own, and what shows system calls: the
 * tests run without, but fewer.
 */
function ensureTestTools() {
  if (process.platform !== "linux" || !exists("apt-get")) return;
  const wanted = [
    ...(exists("cc") || exists("gcc") || exists("clang") ? [] : ["gcc", "libc6-dev"]),
    ...(exists("vulkaninfo") ? [] : ["vulkan-tools"]),
    ...(exists("strace") ? [] : ["strace"]),
    ...(hasLlvmpipe() ? [] : ["mesa-vulkan-drivers", "libvulkan1"]),
  ];
  if (wanted.length === 0) return;
  const asRoot = administrator();
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...wanted];
  // Fetching has a limit; an installation that is cut off would leave a broken system.
  const steps = [
    [["apt-get", "update"], 120_000],
    [[...install, "--download-only"], 300_000],
    [install, undefined],
  ];
  if (asRoot !== undefined) {
    console.error(`Installing ${wanted.join(", ")} for the tests...`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const done = steps.every(([step, timeout]) => {
      const [command, ...args] = [...asRoot, ...step];
      return run(command, args, { timeout, env }).status === 0;
    });
    if (done) return;
  }
  console.error(`Some tests will be skipped. To run them: sudo ${install.join(" ")}`);
}

function hasLlvmpipe() {
  const folder = "/usr/share/vulkan/icd.d";
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("lvp_icd"));
}

/** For programs that end with an error when they are asked for their version. */
function exists(program) {
  return run(program, ["--help"]).error === undefined;
}

function sentence(steps, prefix = "") {
  return steps.map((step) => prefix + step.join(" ")).join(" && ");
}

function starts(program, argument = "--version") {
  return run(program, [argument], { stdio: "ignore" }).status === 0;
}

/** npm and winget are scripts on Windows: only a shell starts them there. */
function run(command, args, options = {}) {
  const shell = onWindows && (command === "npm" || command === "winget");
  return spawnSync(command, args, { cwd: root, stdio: "ignore", shell, ...options });
}

function fail(message) {
  console.error(`vc: ${message}`);
  process.exit(1);
}
