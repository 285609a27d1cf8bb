import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../build.ts";
import { createClient } from "../src/shared/client.ts";
import type { Job } from "../src/shared/job.ts";
import { type DemoFilm, makeLibrary } from "./demo-library.ts";
import { createScreen, outcomeTable } from "./demo-screen.ts";
import { compareFilms } from "./demo-verify.ts";

/**
 * A whole life of vc in one command: a small library, a master and two workers as processes of their own, and at
 * the end what became of each file. Exits with 0 only if every good film was converted, and the damaged one refused.
 */
async function main(): Promise<number> {
  const vc = await build(null);
  const folder = await mkdtemp(join(tmpdir(), "vc-demo-"));
  const films = join(folder, "films");
  const converted = join(folder, "converted");
  await mkdir(converted);
  console.log(`The demo's folder is ${folder}; it stays for you to look at.`);
  console.log("Making a small library...");
  const library = await makeLibrary(films);

  const url = `http://127.0.0.1:${freePort()}`;
  await writeConfigs(folder, url);
  const processes = [startVc({ vc, folder, name: "master", args: ["master", "--config", "master.yaml"] })];
  const stop = () => processes.forEach((child) => void child.kill("SIGTERM"));
  process.once("SIGINT", () => {
    stop();
    process.exit(130);
  });
  try {
    const client = createClient({ master_url: url, token: null });
    await until(() => client.call("healthz", {}), processes);
    for (const name of ["worker-1", "worker-2"])
      processes.push(startVc({ vc, folder, name, args: ["worker", "--config", `${name}.yaml`] }));

    const screen = createScreen(process.stdout);
    const jobs = await until(async () => {
      const found = (await client.call("jobs", { limit: 1000 })).jobs;
      screen.draw(found);
      return found.length === library.length && found.every(hasEnded) ? found : null;
    }, processes);
    screen.end();

    console.log("\n$ vc status");
    Bun.spawnSync({ cmd: [vc, "status", "--master", url], stdio: ["ignore", "inherit", "inherit"] });
    return await judge({ library, jobs, films, converted });
  } finally {
    stop();
    await Promise.all(processes.map((child) => child.exited));
    console.log(`\nLogs, configuration files and films: ${folder}`);
  }
}

function startVc(of: { vc: string; folder: string; name: string; args: string[] }) {
  const log = Bun.file(join(of.folder, `${of.name}.log`));
  console.log(`$ vc ${of.args.join(" ")}`);
  return Bun.spawn({
    cmd: [of.vc, ...of.args],
    cwd: of.folder,
    env: ownEnvironment(),
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
}

/** A person's own VC_... settings would change what the demo shows. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VC_")));
}

async function writeConfigs(folder: string, url: string): Promise<void> {
  const master = `# The demo's master. Paths are relative to this file.
server:
  host: 127.0.0.1
  port: ${new URL(url).port}
scanner:
  root_path: ./films
  output_base: ./converted
  settle: 0s            # the demo's films are complete from the start
database:
  path: ./jobs.db
conversion:
  codec: h264
  container: mp4
  preset: veryfast
`;
  await writeFile(join(folder, "master.yaml"), master);
  for (const id of ["worker-1", "worker-2"]) {
    const worker = `# One of the demo's two workers.
worker:
  id: ${id}
  concurrency: 1
  master_url: ${url}
storage:
  cache_path: ./cache-${id}
`;
    await writeFile(join(folder, `${id}.yaml`), worker);
  }
}

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const port = server.port ?? 0;
  server.stop(true);
  return port;
}

function hasEnded({ status }: Job): boolean {
  return !["pending", "processing", "publishing"].includes(status);
}

/** Asks four times a second until there is an answer. Throws when one of the processes has ended instead. */
async function until<T>(probe: () => Promise<T | null>, processes: Bun.Subprocess[]): Promise<T> {
  for (;;) {
    const answer = await probe().catch(() => null);
    if (answer !== null) return answer;
    if (processes.some((child) => child.exitCode !== null))
      throw new Error("A part of the demo ended too early; see its log in the demo's folder.");
    await Bun.sleep(250);
  }
}

async function judge(of: {
  library: DemoFilm[];
  jobs: Job[];
  films: string;
  converted: string;
}): Promise<number> {
  const rows = await Promise.all(
    of.library.map(async (film) => {
      const job = of.jobs.find(({ source_rel }) => source_rel === film.rel);
      if (job?.status !== "completed") {
        const refused = job?.status === "failed" && job.reason === "source_damaged";
        return {
          film,
          job,
          proof: job?.error_message ?? "not found by the scan",
          right: !film.good && refused,
        };
      }
      const found = await compareFilms(join(of.films, film.rel), join(of.converted, job.output_rel));
      return { film, job, proof: found.text, right: film.good && found.same };
    }),
  );
  console.log(`\n${outcomeTable(rows)}`);
  const wrong = rows.filter(({ right }) => !right).length;
  console.log(wrong === 0 ? "\nEverything is as it should be." : `\n${wrong} of ${rows.length} went wrong.`);
  return wrong === 0 ? 0 : 1;
}

process.exit(
  await main().catch((error: Error) => {
    console.error(error.message);
    return 1;
  }),
);
