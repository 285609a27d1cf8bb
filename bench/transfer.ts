import { mkdir, mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createByteCalls } from "../src/roles/worker/transfer/byte-calls.ts";
import { download } from "../src/roles/worker/transfer/download.ts";
import { createPieceSize, MOST_UPLOAD_BYTES } from "../src/roles/worker/transfer/piece-size.ts";
import { createUpload } from "../src/roles/worker/transfer/upload.ts";
import { bytePath } from "../src/shared/endpoints-transfer.ts";
import { type JobOrder, stagingName } from "../src/shared/job.ts";
import { createTrust } from "../src/shared/tls.ts";
import { freePort, type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";
import { middle } from "./middle.ts";
import { benchStream } from "./stream.ts";

const MB = 512;
const ROUNDS = 7;
const TOKEN = "a-token-of-the-benchmark-which-is-long-enough";

/** Films over HTTP: how fast they travel beside nginx, and what a stream costs beside a mount. */
export async function benchTransfer(): Promise<Figure[]> {
  return [...(await benchBytes()), ...(await benchStream())];
}

/** In turns, so that whatever else the machine does meets both alike; the middle of the rounds counts. */
async function benchBytes(): Promise<Figure[]> {
  if (Bun.which("nginx") === null || Bun.which("curl") === null) {
    console.log("LEFT OUT  download and upload beside nginx: there is no nginx, or no curl");
    return [];
  }
  const figures: Figure[] = [];
  await withSite(async (site) => {
    const path = join(site.films, "film.mkv");
    await writeNoise(path);
    await site.master({
      server: { host: "127.0.0.1", port: site.port, token: TOKEN },
      queue: { lease: "10m" },
    });
    const order = await claim(site);
    const nginx = await startNginx(path);
    try {
      const times = {
        down: [] as number[],
        curl_down: [] as number[],
        up: [] as number[],
        curl_up: [] as number[],
      };
      for (let round = 0; round < ROUNDS; round++) {
        times.curl_down.push(
          await timed(() => curl("-o", join(site.folder, "curled"), `${nginx.url}/film.mkv`)),
        );
        times.down.push(await timed(() => fetchFilm(site, order)));
        times.curl_up.push(await timed(() => curl("-T", path, `${nginx.url}/put/${round}.mkv`)));
        times.up.push(await timed(() => sendFilm(site, order, path, round)));
      }
      figures.push(
        figureOf("download, hashed and with the token, against curl from nginx", times.curl_down, times.down),
      );
      figures.push(
        figureOf("upload, hashed and with the token, against curl -T into nginx", times.curl_up, times.up),
      );
    } finally {
      await nginx.stop();
    }
  });
  return figures;
}

function figureOf(name: string, bare_ms: number[], own_ms: number[]): Figure {
  const [bare, own] = [middle(bare_ms), middle(own_ms)];
  const rate = (ms: number) => `${((MB * 1000) / ms).toFixed(0)} MB/s`;
  const ratio = middle(bare_ms.map((ms, round) => ms / (own_ms[round] ?? Number.NaN)));
  return {
    name,
    found: `${ratio.toFixed(2)} times (${rate(own)}, ${rate(bare)})`,
    aim: "0.8 times",
    met: ratio >= 0.8,
  };
}

/**
 * Nobody pays for what another one left to be written, nor for memory that a virtual machine's host must find first: so
 * much as a round needs was in use a moment ago.
 */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const used = join(tmpdir(), `vc-bench-${process.pid}`);
  await writeNoise(used);
  await writeNoise(`${used}-2`);
  await Bun.spawn(["sync"]).exited;
  await Promise.all([rm(used), rm(`${used}-2`)]);
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Bytes that nothing can shorten. */
async function writeNoise(path: string): Promise<void> {
  const file = await open(path, "w");
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  for (let n = 0; n < (MB * 1_000_000) / noise.length; n++) await file.write(noise);
  await file.close();
}

async function call(site: Site, path: string, body?: unknown): Promise<Response> {
  const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return fetch(`${site.url}${path}`, { headers, ...init });
}

function claim(site: Site): Promise<JobOrder> {
  return until("there is a film to claim", async () => {
    const reply = await call(
      site,
      "/api/worker/next-job?worker_id=bench&protocol=2&claim_id=c&gpu_available=false",
    );
    if (reply.status !== 200) return null;
    const { job, jobs } = (await reply.json()) as { job?: JobOrder; jobs?: JobOrder[] };
    return job ?? jobs?.[0] ?? null;
  });
}

const forever = new AbortController().signal;

function callsTo(site: Site) {
  const trust = createTrust({ master_url: site.url });
  return createByteCalls({ master_url: site.url, token: TOKEN, trust, limit_bytes_per_s: 0 });
}

async function fetchFilm(site: Site, { id, attempt, source_size, source_mtime_ns }: JobOrder): Promise<void> {
  const folder = await mkdtemp(join(site.folder, "cache-"));
  const place = {
    film: join(folder, "film"),
    part: join(folder, "part"),
    log: join(folder, "log"),
    record: join(folder, "record"),
    letGo: () => {},
  };
  const bytes = callsTo(site);
  const path = bytePath("source", { worker_id: "bench", job_id: id, attempt });
  await download({
    ...{ place, size: source_size, mtime_ns: source_mtime_ns, onProgress: () => {} },
    fetch: (from, to) => bytes.get(path, { from, to }, { signal: forever }),
  });
  await rm(folder, { recursive: true });
}

async function sendFilm(site: Site, { id, attempt }: JobOrder, path: string, round: number): Promise<void> {
  const staging = `${stagingName({ job_id: id, attempt, extension: "mp4" })}.${round + 1}.mks`;
  const bytes = callsTo(site);
  const upload = createUpload({
    path,
    log_path: join(site.folder, `sent-${round}`),
    pieceSize: createPieceSize(MOST_UPLOAD_BYTES),
    calls: {
      async begin(of) {
        const wish = { worker_id: "bench", job_id: id, attempt, staging, ...of };
        const reply = await call(site, "/api/worker/upload", wish);
        if (!reply.ok) throw new Error(await reply.text());
        return ((await reply.json()) as { offset: number }).offset;
      },
      send: ({ rewrite, ...piece }) =>
        bytes.patch(
          bytePath("output", {
            ...{ worker_id: "bench", job_id: id, attempt, staging },
            ...(rewrite ? { rewrite: "1" as const } : {}),
          }),
          piece,
          forever,
        ),
      persist: (step) => step(),
      wait: () => Bun.sleep(10),
    },
  });
  await upload.finish(() => {});
  await rm(join(site.converted, ".vc", staging));
}

async function curl(...args: string[]): Promise<void> {
  const child = Bun.spawn(["curl", "-sS", "-f", ...args], { stdout: "ignore", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`curl ${args.join(" ")} failed`);
}

/** Serves the film's folder, and takes files by WebDAV's PUT. */
async function startNginx(path: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "vc-nginx-"));
  await mkdir(join(folder, "put"));
  const port = freePort();
  const { uid } = await stat(folder);
  await writeFile(
    join(folder, "nginx.conf"),
    `daemon off; worker_processes 1; ${uid === 0 ? "user root;" : ""} pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; sendfile on; client_max_body_size 0; client_body_temp_path ${folder}/body;
      server {
        listen 127.0.0.1:${port};
        root ${join(path, "..")};
        location /put/ { root ${folder}; dav_methods PUT; }
      }
    }`,
  );
  const child = Bun.spawn(["nginx", "-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://127.0.0.1:${port}`;
  await until("nginx serves", async () => (await fetch(`${url}/film.mkv`, { method: "HEAD" })).ok);
  return {
    url,
    async stop() {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
