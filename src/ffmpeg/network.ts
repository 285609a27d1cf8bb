import { isStream } from "./guard.ts";

/**
 * What to put before the argv of an ffmpeg program so that it runs without any network, where the system lets us:
 * whatever a film makes it try, it reaches no other machine. Linux only, in a network namespace of its own (unshare(1)
 * of util-linux, which becomes the program and keeps its process id). Whoever is not root needs a user namespace for
 * that, which many systems forbid, and in which drivers of GPUs cannot set themselves up: there hardware goes without.
 */
export async function networkPrefix(argv: string[]): Promise<string[]> {
  const [program] = argv;
  // A stream comes over the network of this machine; what it names stays out of reach by the guard's options.
  if (argv.some(isStream)) return [];
  // What cannot be started fails by itself, with the system's reason.
  if (process.platform !== "linux" || program === undefined || Bun.which(program) === null) return [];
  way ??= findWay();
  const found = await way;
  if (found === null || (found.user_namespace && argv.some(isOfHardware))) return [];
  return found.prefix;
}

type Way = { prefix: string[]; user_namespace: boolean };

/** Found once for a process. */
let way: Promise<Way | null> | null = null;

async function findWay(): Promise<Way | null> {
  const unshare = Bun.which("unshare");
  if (unshare === null) return null;
  const ways: Way[] = [
    { prefix: [unshare, "--net", "--"], user_namespace: false },
    { prefix: [unshare, "--user", "--map-root-user", "--net", "--"], user_namespace: true },
  ];
  for (const one of ways) if (await works([...one.prefix, "true"])) return one;
  return null;
}

async function works(argv: string[]): Promise<boolean> {
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  const code = await child.exited;
  clearTimeout(timer);
  return code === 0;
}

function isOfHardware(option: string): boolean {
  return option === "-init_hw_device" || /^-hwaccel|_(?:nvenc|qsv|vaapi|amf|vulkan)$/.test(option);
}
