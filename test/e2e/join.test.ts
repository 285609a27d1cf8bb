import { expect } from "bun:test";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { processesWith } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

/** A machine joins a master with a certificate of its own by one line, and no token is ever seen on a command line. */

async function secureMaster(site: Site, name: string) {
  const config = join(site.folder, "secure.yaml");
  const settings = {
    server: { host: "127.0.0.1", port: site.port, tls_self_signed: true },
    scanner: { root_path: site.films, output_base: site.converted, settle: "0", scan_interval: "1s" },
    database: { path: join(site.folder, "state", "jobs.db") },
    conversion: { preset: "ultrafast" },
    queue: { lease: "2m", retry_delay: "1s" },
  };
  await Bun.write(config, JSON.stringify(settings));
  const master = site.launch(name, ["master", "--config", config]);
  await until("the master serves", async () => {
    if (!master.alive()) throw new Error("the master has ended");
    return (await fetch(`https://127.0.0.1:${site.port}/healthz`, { tls: { rejectUnauthorized: false } })).ok;
  });
  const shown = await site.vc("token", "show", "--config", config, "--json");
  return { master, shown: JSON.parse(shown.stdout) as Shown };
}

type Shown = { token: string; join_command: string; tls_fingerprint: string };

siteTest(null, "a machine joins by one line, and converts a film over HTTPS", async (site) => {
  await makeFilm(join(site.films, "film.mkv"), { duration_s: 2, size: "320x180" });
  const { shown, master } = await secureMaster(site, "master");
  const { token, tls_fingerprint } = shown;
  const [, , line = ""] = shown.join_command.split(" ");
  const path = join(site.folder, "joined.yaml");
  await recallTrials(join(site.folder, "cache"));
  const joined = await site.vc("join", line, "--config", path, "--id", "laptop");
  expect(joined).toMatchObject({ exit: 0, stderr: "" });
  expect(joined.stdout).toContain(`vc worker --config ${path}`);
  expect((await stat(path)).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);

  const cache = ["--storage.cache_path", join(site.folder, "cache"), "--ffmpeg.use_vulkan", "false"];
  const worker = site.launch("laptop", ["worker", "--config", path, ...cache]);
  const secure = ["--master", `https://localhost:${site.port}`, "--tls-fingerprint", tls_fingerprint];
  const jobs = await until(
    "the film is converted, and nobody has shown a token meanwhile",
    async () => {
      for (const { argv } of await processesWith(site.folder))
        expect(argv.filter((word) => word.includes(token) || word.includes(line))).toEqual([]);
      const listed = await site.vc("jobs", "--json", ...secure);
      expect(listed.stderr).toBe("");
      const { jobs } = JSON.parse(listed.stdout);
      return jobs[0]?.status === "completed" && jobs;
    },
    { deadline_ms: 300_000 },
  );
  expect(jobs[0]).toMatchObject({
    source_rel: "film.mkv",
    worker_id: "laptop",
    retry_count: 0,
    lost_count: 0,
  });
  expect((await stat(join(site.converted, "film.mp4"))).size).toBeGreaterThan(1000);
  for (const log of [master.log(), worker.log()]) expect(log).not.toContain(token);
});

siteTest(
  null,
  "a master with another certificate gets no call from those that have joined the first",
  async (site) => {
    await mkdir(join(site.folder, "state"));
    const first = await secureMaster(site, "first");
    const path = join(site.folder, "joined.yaml");
    await recallTrials(join(site.folder, "cache"));
    const line = first.shown.join_command.split(" ").at(-1) ?? "";
    expect(await site.vc("join", line, "--config", path, "--id", "laptop")).toMatchObject({ exit: 0 });
    const cache = ["--storage.cache_path", join(site.folder, "cache"), "--ffmpeg.use_vulkan", "false"];
    const worker = site.launch("laptop", ["worker", "--config", path, ...cache]);
    await until("the worker is known", async () => worker.log().includes("registered with the master"));
    first.master.kill("SIGTERM");
    await first.master.ended;
    const pem = join(site.folder, "state", "jobs.db.tls.pem");
    const kept = await readFile(pem);
    await rm(pem);

    const second = await secureMaster(site, "second");
    const [was, is] = [first.shown.tls_fingerprint, second.shown.tls_fingerprint];
    expect(is).not.toBe(was);
    await until("the worker says so", async () => worker.log().includes(`Shown: ${is}, pinned: ${was}.`));
    expect(worker.alive()).toBe(true);
    const secure = ["--master", `https://localhost:${site.port}`, "--tls-fingerprint"];
    const refused = await site.vc("status", ...secure, was);
    expect([refused.exit, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("is not the pinned one, and nothing was sent to it");
    expect((await site.vc("status", ...secure, is)).exit).toBe(0);
    const late = await site.vc("join", line, "--config", `${path}.late`);
    expect([late.exit, late.stderr]).toEqual([1, expect.stringContaining("is not the pinned one")]);

    second.master.kill("SIGTERM");
    await second.master.ended;
    await Bun.write(pem, kept);
    await secureMaster(site, "third");
    await until("the worker goes on", async () => worker.log().includes("the master answers again"));
  },
);
