import { link, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

/**
 * What a GPU brings: the same films converted through Vulkan and on the CPU by the compiled executable, one and
 * several at a time, each run a master and a worker of their own. Prints one line a run and the ratios, and writes every
 * attempt that needed more than one rung. For machines without Bun or packages: it needs nothing but the executable.
 *
 *     BUN_BE_BUN=1 dist/vc bench/gpu.ts --vc dist/vc --ffmpeg ffmpeg --films FOLDER --count 20 --slots 1,4
 *
 * `--device` names the GPU (vulkan.preferred_device); `--modes gpu,cpu` says which runs: gpu alone finds hangs, auto
 * tells what is measured before the first film.
 */
const { values: options } = parseArgs({
  options: {
    vc: { type: "string", default: "dist/vc" },
    ffmpeg: { type: "string", default: "ffmpeg" },
    films: { type: "string", default: "films" },
    count: { type: "string", default: "20" },
    slots: { type: "string", default: "1,4" },
    modes: { type: "string", default: "gpu,cpu" },
    device: { type: "string", default: "auto" },
    height: { type: "string", default: "720" },
    preset: { type: "string", default: "veryfast" },
    codec: { type: "string", default: "h264" },
  },
});

type Job = { id: string; source_rel: string; status: string; started_at: string; completed_at: string };
type Attempt = {
  outcome: string;
  message: string | null;
  report: {
    plan?: {
      decode: string;
      filter: string;
      encoder: string;
      passed_over: { family: string; why: string }[];
    };
    notes?: string[];
    encode_ms?: number;
  };
};
type Run = { mode: string; slots: number; wall_s: number; cpu_s: number };

async function main(): Promise<void> {
  const vc = resolve(options.vc);
  const runs: Run[] = [];
  for (const slots of options.slots.split(",").map(Number)) {
    for (const mode of options.modes.split(",")) runs.push(await convertAll(vc, mode, slots));
    const [gpu, cpu] = ["gpu", "cpu"].map((mode) =>
      runs.find((run) => run.mode === mode && run.slots === slots),
    );
    if (gpu === undefined || cpu === undefined) continue;
    const ratio = (of: (run: Run) => number) => (of(gpu) / of(cpu)).toFixed(2);
    console.log(
      `GPU over CPU, ${slots} at a time: ${ratio((run) => run.wall_s)} times the time, ${ratio((run) => run.cpu_s)} times the CPU seconds`,
    );
  }
}

async function convertAll(vc: string, mode: string, slots: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "vc-gpu-"));
  try {
    const films = await spread(join(folder, "films"));
    const port = await configure(folder, mode, slots);
    const start = (role: string) =>
      Bun.spawn([vc, role, "--config", join(folder, `${role}.yaml`)], {
        cwd: folder,
        // Or the executable would be Bun there, too.
        env: { ...process.env, BUN_BE_BUN: undefined },
        stdio: ["ignore", "ignore", "inherit"],
      });
    const master = start("master");
    const get = async <T>(path: string) =>
      (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T;
    await until(() => get<object>("/healthz"));
    const worker = start("worker");
    const jobs: Job[] = await until(async () => {
      const found = (await get<{ jobs: Job[] }>("/api/jobs?limit=1000")).jobs;
      const open = found.some(({ status }) => ["pending", "processing", "publishing"].includes(status));
      return found.length === films && !open && found;
    });
    worker.kill("SIGTERM");
    await worker.exited;
    const ended = await Promise.all(
      jobs.map(async (job) => ({
        job,
        attempts: (await get<{ attempts: Attempt[] }>(`/api/jobs/${job.id}`)).attempts,
      })),
    );
    master.kill("SIGTERM");
    await master.exited;
    return tell({ mode, slots, cpu_s: worker.resourceUsage()?.cpuTime.total ?? 0n, ended });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The films again and again under other names, without copying them. */
async function spread(folder: string): Promise<number> {
  await mkdir(folder);
  const originals = (await readdir(options.films))
    .filter((name) => [".mkv", ".mp4"].includes(extname(name)))
    .sort();
  const count = Number(options.count);
  for (let n = 0; n < count; n += 1) {
    const name = originals[n % originals.length] ?? "";
    await link(resolve(options.films, name), join(folder, `${String(n).padStart(3, "0")} ${name}`));
  }
  return count;
}

/** JSON is YAML, too. */
async function configure(folder: string, mode: string, slots: number): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const port = server.port ?? 0;
  server.stop(true);
  await mkdir(join(folder, "converted"));
  const height = Number(options.height);
  const master = {
    server: { port, host: "127.0.0.1" },
    scanner: {
      root_path: join(folder, "films"),
      output_base: join(folder, "converted"),
      settle: "0",
      scan_interval: "0",
    },
    database: { path: join(folder, "jobs.db") },
    conversion: {
      target_resolution: `${Math.round((height * 16) / 9)}x${height}`,
      preset: options.preset,
      codec: options.codec,
      container: "mkv",
    },
  };
  const worker = {
    worker: { id: "bench", concurrency: slots, master_url: `http://127.0.0.1:${port}` },
    storage: { cache_path: join(tmpdir(), "vc-gpu-cache") },
    ffmpeg: {
      path: Bun.which(options.ffmpeg) ?? options.ffmpeg,
      use_vulkan: mode === "auto" ? mode : mode === "gpu",
    },
    vulkan: { preferred_device: options.device, slots_per_device: slots },
  };
  await writeFile(join(folder, "master.yaml"), JSON.stringify(master));
  await writeFile(join(folder, "worker.yaml"), JSON.stringify(worker));
  return port;
}

function tell(of: {
  mode: string;
  slots: number;
  cpu_s: number | bigint;
  ended: { job: Job; attempts: Attempt[] }[];
}): Run {
  const { mode, slots, ended } = of;
  const wall_s =
    (Math.max(...ended.map(({ job }) => Date.parse(job.completed_at))) -
      Math.min(...ended.map(({ job }) => Date.parse(job.started_at)))) /
    1000;
  const cpu_s = Number(of.cpu_s) / 1e6;
  const completed = ended.filter(({ job }) => job.status === "completed").length;
  const attempts = ended.reduce((sum, one) => sum + one.attempts.length, 0);
  console.log(
    `${mode}, ${slots} at a time: ${completed} of ${ended.length} films, ${attempts} attempts, ${wall_s.toFixed(1)} s, ${cpu_s.toFixed(1)} CPU seconds`,
  );
  const ways = new Map<string, number>();
  for (const { attempts: tries } of ended) {
    const plan = tries.at(-1)?.report.plan;
    const way =
      plan === undefined ? "none" : `decode ${plan.decode}, filter ${plan.filter}, encode ${plan.encoder}`;
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  for (const [way, times] of ways) console.log(`  ${times} x ${way}`);
  for (const why of slower(ended.flatMap((one) => one.attempts))) console.log(`  ${why}`);
  for (const { job, attempts: tries } of ended) {
    const words = tries.flatMap(({ outcome, message, report }) => [
      ...(outcome === "completed" ? [] : [`${outcome}: ${message}`]),
      ...(report.notes ?? []),
    ]);
    if (words.length > 0) console.log(`  ${job.source_rel}: ${words.join(" | ")}`);
  }
  return { mode, slots, wall_s, cpu_s };
}

/** What was passed over because it was measured, each once. */
function slower(attempts: Attempt[]): Set<string> {
  const passed_over = attempts.flatMap(({ report }) => report.plan?.passed_over ?? []);
  return new Set(passed_over.map(({ why }) => why).filter((why) => why.includes("measured")));
}

/** Asks again each half second, for at most half an hour, until there is an answer. */
async function until<T>(ask: () => Promise<T | false>): Promise<T> {
  const deadline_ms = performance.now() + 1_800_000;
  while (performance.now() < deadline_ms) {
    const answer = await ask().catch(() => false as const);
    if (answer !== false) return answer;
    await Bun.sleep(500);
  }
  throw new Error("this takes too long");
}

await main();
