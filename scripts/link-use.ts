import { readFile, truncate, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";

/**
 * Two workers in network namespaces of their own fetch a film each, and hand one in, over one link: how much of it do they
 * use? `bun scripts/link-use.ts --mbit 1000 --gb 3`. Needs root, `ip` and `tc` (Linux). Exits with 1 below 90 %.
 */
process.chdir(join(import.meta.dir, ".."));
const { values } = parseArgs({
  options: { mbit: { type: "string", default: "1000" }, gb: { type: "string", default: "3" } },
});
const bytes_per_s = (Number(values.mbit) * 1e6) / 8;
process.env.VC_TEST_PROGRAM ??= await build(null);
const { withSite } = await import("../test/support/site.ts");
const { until } = await import("../test/support/until.ts");

const LEAST_USE = 0.9;
const LINE = "vclink";
const HUB = "vclinkhub";
const NAMES = ["vclink1", "vclink2"];
const ADDRESS = "10.211.77";

await withSite(async (site) => {
  for (const name of NAMES) {
    await writeFile(join(site.films, `${name}.mkv`), "");
    await truncate(join(site.films, `${name}.mkv`), Number(values.gb) * 1e9);
  }
  await site.master({ server: { host: "0.0.0.0" }, queue: { lease: "1h" } });
  await until("the films are queued", async () => (await site.jobs()).length === NAMES.length);
  const token = (await readFile(join(site.folder, "jobs.db.token"), "utf8")).trim();
  try {
    await makeLink();
    const url = `http://${ADDRESS}.1:${site.port}`;
    const workers = NAMES.map((name) => startWorker(name, { url, token, folder: join(site.folder, name) }));
    const films = workers.map(fetched);
    await measure("fetching", "down", Promise.race(films));
    await Promise.all(films);
    for (const { stdin } of workers) {
      stdin.write("on\n");
      await stdin.flush();
    }
    await measure("handing in", "up", Promise.race(workers.map(({ exited }) => exited)));
    await Promise.all(workers.map(({ exited }) => exited));
    for (const job of await site.jobs())
      if (job.status !== "completed") throw new Error(job.error_message ?? job.status);
  } finally {
    await removeLink();
  }
});

/** The master's one line goes to a hub, and the workers' lines to the same; it is slow in both directions. */
async function makeLink(): Promise<void> {
  const slow = `root tbf rate ${values.mbit}mbit burst 256kb latency 50ms`;
  await sh(
    `ip netns add ${HUB}`,
    `ip -n ${HUB} link add hub type bridge`,
    `ip -n ${HUB} link set hub up`,
    `ip link add ${LINE} type veth peer name up netns ${HUB}`,
    `ip -n ${HUB} link set dev up master hub up`,
    `ip addr add ${ADDRESS}.1/24 dev ${LINE}`,
    `ip link set ${LINE} up`,
    `tc qdisc add dev ${LINE} ${slow}`,
    `tc -n ${HUB} qdisc add dev up ${slow}`,
  );
  for (const [at, name] of NAMES.entries())
    await sh(
      `ip netns add ${name}`,
      `ip -n ${HUB} link add ${name} type veth peer name eth0 netns ${name}`,
      `ip -n ${HUB} link set ${name} master hub up`,
      `ip -n ${name} addr add ${ADDRESS}.${at + 2}/24 dev eth0`,
      `ip -n ${name} link set eth0 up`,
    );
}

async function removeLink(): Promise<void> {
  await sh(`ip link del ${LINE}`).catch(() => {});
  for (const name of [...NAMES, HUB]) await sh(`ip netns del ${name}`).catch(() => {});
}

async function sh(...lines: string[]): Promise<void> {
  for (const line of lines) {
    const child = Bun.spawn(line.split(" "), { stderr: "pipe" });
    const said = await child.stderr.text();
    if ((await child.exited) !== 0) throw new Error(`${line}: ${said}`);
  }
}

function startWorker(name: string, of: { url: string; token: string; folder: string }) {
  const program = join(import.meta.dir, "large-transfer-worker.ts");
  return Bun.spawn({
    cmd: ["ip", "netns", "exec", name, process.execPath, program, of.url, of.folder, name],
    env: { ...process.env, VC_TOKEN: of.token },
    ...{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  });
}

/** Resolves once a worker has its film. */
async function fetched({ stdout }: ReturnType<typeof startWorker>): Promise<void> {
  let text = "";
  for await (const part of stdout) {
    text += Buffer.from(part).toString();
    if (text.includes("FETCHED")) return;
  }
  throw new Error("a worker has ended without its film");
}

/** Bytes that the slow end of the line has let through, heads of packets included. */
function sentOver(way: "down" | "up"): number {
  const cmd = way === "down" ? ["tc", "-s"] : ["tc", "-n", HUB, "-s"];
  const dev = way === "down" ? LINE : "up";
  const said = Bun.spawnSync([...cmd, "qdisc", "show", "dev", dev]).stdout.toString();
  return Number(/Sent (\d+) bytes/.exec(said)?.[1]);
}

/** How much of the link is used from when both send until one has sent all. */
async function measure(what: string, way: "down" | "up", until_one_ends: Promise<unknown>) {
  const read = () => sentOver(way);
  const zero = read();
  await until("it flows", () => read() - zero > 20e6, { every_ms: 20 });
  const [from, begin] = [read(), performance.now()];
  let [last, at] = [from, begin];
  let ended = false;
  void until_one_ends.finally(() => {
    ended = true;
  });
  // Hashing on the other side comes after the last byte, and is no use of the link.
  while (!ended) {
    await Bun.sleep(200);
    const now = read();
    if (now - last < 1e6) continue;
    [last, at] = [now, performance.now()];
  }
  const rate = (last - from) / ((at - begin) / 1000);
  const use = rate / bytes_per_s;
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    JSON.stringify({
      what,
      mbit: Number(values.mbit),
      use: Number(use.toFixed(2)),
      mb_per_s: Math.round(rate / 1e6),
      load,
    }),
  );
  if (use < LEAST_USE) process.exitCode = 1;
}
