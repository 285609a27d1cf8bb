import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startMaster } from "../../../src/roles/master/index.ts";
import { VcError } from "../../../src/shared/errors.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { claimJob, configOf, withMasterSite } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => (error instanceof VcError ? error : Promise.reject(error)),
  );

test("a master scans, serves, publishes and remembers", () =>
  withMasterSite(async (site) => {
    await site.film("a/Ärger im Süden.MKV");
    const first = await site.start();
    await until("the film is queued", async () => (await site.call("/api/status")).body.pending === 1);
    const job = await claimJob(first, "w1");
    await writeFile(join(site.converted, ".vc", job.staging), "converted");
    const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
    const done = { job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs };
    expect(await site.post("/api/worker/job-complete", done)).toMatchObject({
      status: 200,
      body: { ok: true, status: "completed" },
    });
    const result = join(site.converted, "a", "Ärger im Süden.mp4");
    expect(await readFile(result, "utf8")).toBe("converted");
    expect((await stat(result)).mode & 0o777).toBe(0o644);
    await first.stop();
    await first.done;

    await site.start();
    await until("the second scan is over", async () => {
      const { scan } = (await site.call("/api/status")).body as { scan: { last_finished_at: string | null } };
      return scan.last_finished_at;
    });
    expect((await site.call("/api/status")).body).toMatchObject({ completed: 1, total: 1, problems: [] });
    expect((await site.post("/api/worker/job-complete", done)).body).toEqual({
      ok: true,
      status: "completed",
    });
  }));

test("a second master on the same database, or on the same output folder, is told who has it", () =>
  withMasterSite(async (site) => {
    await site.start();
    const again = await refusal(site.start());
    expect(again?.code).toBe("locked");
    expect(again?.message).toContain(`process id ${process.pid}`);
    const other = await refusal(site.start({ database: { path: join(site.folder, "other.db") } }));
    expect(other?.code).toBe("locked");
    expect(other?.message).toContain(join(".vc", "master.lock"));
  }));

test("a refused start frees what it had taken", () =>
  withMasterSite(async (site) => {
    const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    try {
      const refused = await refusal(site.start({ server: { port: taken.port } }));
      expect(refused?.message).toContain("another program listens there");
    } finally {
      await taken.stop(true);
    }
    await site.start();
    expect((await site.call("/healthz")).status).toBe(200);
  }));

test.each([
  ["the root is the output", { scanner: { output_base: "films" } }, "must not be root_path itself"],
  ["a storage root beside the films", { storage: { root: "elsewhere" } }, "must contain"],
  ["a certificate without its key", { server: { tls_cert: "cert.pem" } }, "belong together"],
])("%s is refused", (_, sections, message) =>
  withMasterSite(async (site) => {
    const absolute = Object.fromEntries(
      Object.entries(sections).map(([name, keys]) => [
        name,
        Object.fromEntries(Object.entries(keys).map(([key, path]) => [key, join(site.folder, String(path))])),
      ]),
    );
    const error = await refusal(site.start(absolute));
    expect(error?.code).toBe("config");
    expect(error?.message).toContain(message);
  }),
);

test("films and results that share no folder need storage.root, but not on one machine", () =>
  withMasterSite(async (site) => {
    const config = configOf(site.folder, {
      scanner: { root_path: "/proc/1/task", output_base: site.converted },
    });
    const log = createLogger({ level: "error", format: "text", output_path: site.logPath });
    const error = await refusal(startMaster(config, { log }));
    expect(error?.message).toContain("share no folder but /");
    const master = await startMaster(config, { log, local: true });
    await master.stop();
  }));

test("results that wait to be published are not taken for lost when their volume is away", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    const vc = join(site.converted, ".vc");
    await writeFile(join(vc, job.staging), "converted");
    await rename(site.converted, `${site.converted}.away`);
    const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
    const done = { job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs };
    const refused = await site.post("/api/worker/job-complete", done);
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({
      error: "storage",
      message: expect.stringContaining("is its volume mounted?"),
    });
    expect((await site.call("/readyz")).status).toBe(503);
    await master.stop();

    const start = await refusal(site.start());
    expect(start?.message).toContain("1 results wait there to be published");
    await rename(`${site.converted}.away`, site.converted);
    await site.start();
    await until("the result is published", async () => (await site.call("/api/status")).body.completed === 1);
    expect(await readFile(join(site.converted, "a.mp4"), "utf8")).toBe("converted");
    expect((await site.call("/readyz")).body).toEqual({ ready: true, problems: [] });
  }));

test("time in which the master itself stood still runs no lease out, at once", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    let stood_ms = 0;
    const clock = {
      now: () => ({ wall_ms: Date.now() + stood_ms, monotonic_ms: performance.now() + stood_ms }),
    };
    const master = await site.start({ queue: { lease: "20s" } }, clock);
    await master.scan();
    const { id, attempt } = await claimJob(master, "w");
    const seen: unknown[] = [];
    stood_ms += 600_000;
    const look = async () => {
      const { status, lost_count } = (await site.call(`/api/jobs/${id}`)).body.job as Record<string, unknown>;
      seen.push(status);
      return { status, lost_count };
    };
    await until("two rounds of upkeep", async () => (await look()) && seen.length > 40);
    expect(new Set(seen)).toEqual(new Set(["processing"]));
    const held = [{ job_id: id, attempt }];
    await site.post("/api/worker/job-progress", { worker_id: "w", session: "session-of-w", held });
    await until("a worker that stays silent loses it", async () => {
      // Faster than real time, but slower than would count as a stop.
      stood_ms += 100;
      return (await look()).status === "pending";
    });
    expect(await look()).toEqual({ status: "pending", lost_count: 1 });
  }));

test("left-over staging files go at the start, others stay", () =>
  withMasterSite(async (site) => {
    const staging = join(site.converted, ".vc");
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, "0123456789.4.partial.mp4"), "left over");
    await writeFile(join(staging, "notes.txt"), "somebody's");
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    await writeFile(join(staging, job.staging), "half a film");
    await master.stop();
    await site.start();
    const names = await until("the left-over file is gone", async () => {
      const found = await readdir(staging);
      return !found.includes("0123456789.4.partial.mp4") && found;
    });
    expect(names).toContain("notes.txt");
    expect(names).toContain(job.staging);
  }));

test("the log never holds the token, and names job, attempt and worker", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    await master.stop();
    const log = await readFile(site.logPath, "utf8");
    expect(log).toContain(`job processing job_id=${job.id} attempt=1 worker_id=w1 source=a.mkv`);
    expect(log).not.toContain(master.token);
  }));

testOr(
  Bun.which("openssl") ? null : "needs openssl, to make a certificate",
  "with a certificate it speaks HTTPS",
  () =>
    withMasterSite(async (site) => {
      const [tls_cert, tls_key] = [join(site.folder, "cert.pem"), join(site.folder, "key.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      const made = Bun.spawn(
        [
          "openssl",
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-days",
          "2",
          ...subject,
          "-keyout",
          tls_key,
          "-out",
          tls_cert,
        ],
        { stderr: "ignore" },
      );
      expect(await made.exited).toBe(0);
      const { url } = await site.start({ server: { tls_cert, tls_key } });
      expect(url).toStartWith("https://localhost:");
      const response = await fetch(`${url}/healthz`, { tls: { ca: await readFile(tls_cert, "utf8") } });
      expect(await response.json()).toMatchObject({ ok: true });
    }),
);
