import { expect } from "bun:test";
import { chmod, copyFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { VC } from "../support/processes.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

siteTest(null, "of two workers that wait for one film, one gets it", async (site) => {
  await site.master();
  await Promise.all([site.worker("one"), site.worker("two")]);
  await until("both workers wait", async () => {
    const { workers } = (await site.get("/api/workers")).body as { workers: { status: string }[] };
    return workers.filter(({ status }) => status === "online").length === 2;
  });
  await makeFilm(join(site.films, "film.mkv"));
  const jobs = await site.settled(1);
  expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", attempt: 1, lost_count: 0 });
  const { attempts } = (await site.get(`/api/jobs/${jobs.get("film.mkv")?.id}`)).body as {
    attempts: unknown[];
  };
  expect(attempts).toHaveLength(1);
});

siteTest(
  null,
  "an id that is live is refused, on any host; after a crash a new start takes over at once",
  async (site) => {
    await site.master();
    const first = await site.worker("twin");
    await until("it has registered", async () => first.log().includes("registered"));
    const elsewhere = await site.post("/api/worker/register", {
      worker_id: "twin",
      session: "another",
      hostname: "another-host",
      version: "0",
      concurrency: 1,
    });
    expect(elsewhere).toMatchObject({ status: 409, body: { error: "worker_id_taken" } });

    const second = await site.worker("twin");
    expect(await second.ended).toBe(1);
    expect(second.log()).toContain("The worker id twin is in use by another process on this host");
    expect(first.alive()).toBe(true);

    first.kill("SIGKILL");
    await first.ended;
    const third = await site.worker("twin");
    await until("it has registered", async () => third.log().includes("registered"));
  },
);

siteTest(
  null,
  "a second master on one database, or one output folder, names the first and ends",
  async (site) => {
    const first = await site.master();
    const same = await site.vc("master", "--config", join(site.folder, "master.yaml"));
    expect(same.exit).toBe(1);
    expect(same.stderr).toContain(String(first.pid));

    const other = {
      server: { host: "127.0.0.1", port: 0 },
      scanner: { root_path: site.films, output_base: site.converted },
      database: { path: join(site.folder, "other.db") },
    };
    await Bun.write(join(site.folder, "other.yaml"), Bun.YAML.stringify(other, null, 2));
    const sameOutput = await site.vc("master", "--config", join(site.folder, "other.yaml"));
    expect(sameOutput.exit).toBe(1);
    expect(sameOutput.stderr).toContain(String(first.pid));

    const port = { ...other, server: { host: "127.0.0.1", port: site.port } };
    port.scanner.output_base = join(site.folder, "elsewhere");
    await Bun.write(join(site.folder, "port.yaml"), Bun.YAML.stringify(port, null, 2));
    const samePort = await site.vc("master", "--config", join(site.folder, "port.yaml"));
    expect(samePort.exit).toBe(2);
    expect(samePort.stderr).toContain("another program listens there");
    expect((await site.get("/healthz")).status).toBe(200);
  },
);

const noOtherUser =
  process.getuid?.() !== 0
    ? "only root may start a worker under another user id"
    : Bun.which("setpriv") === null
      ? "setpriv is not installed"
      : null;

siteTest(
  noOtherUser,
  "a worker under another user id: its film belongs to the master and all may read it",
  async (site) => {
    await makeFilm(join(site.films, "film.mkv"));
    await site.master();
    // The checkout may lie where nobody else may look.
    const program = join(site.folder, "vc");
    await copyFile(VC, program);
    await chmod(program, 0o755);
    const cache_path = join(site.folder, "guest-cache");
    await mkdir(cache_path);
    await recallTrials(cache_path);
    await chmod(cache_path, 0o777);
    await site.worker("guest", {
      program,
      prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
      settings: { storage: { cache_path } },
    });
    const jobs = await site.settled(1);
    expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", attempt: 1 });
    const published = await stat(join(site.converted, "film.mp4"));
    expect({ uid: published.uid, mode: published.mode & 0o777 }).toEqual({ uid: 0, mode: 0o644 });
    expect((await probeFilm(join(site.converted, "film.mp4"))).frames).toBe(50);
  },
);
