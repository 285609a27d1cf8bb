import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listBackups } from "../../src/db/backups.ts";
import { openDatabase } from "../../src/db/database.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const ran = async (...args: string[]) => (await Bun.spawn(args, { stderr: "ignore" }).exited) === 0;
const noMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-mount-"));
  const mounted = await ran("mount", "-t", "tmpfs", "tmpfs", folder);
  if (mounted) await ran("umount", folder);
  await rm(folder, { recursive: true });
  return mounted ? null : "needs the right to mount";
})();

const problems = async (site: Site) => (await site.get("/readyz")).body?.problems as string[];

siteTest(
  noMount,
  "a database whose disk is full pauses the work and says so; with room it goes on by itself, and nothing has failed",
  async (site) => {
    const disk = join(site.folder, "disk");
    await mkdir(disk);
    await ran("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk);
    try {
      await site.master({
        database: { path: join(disk, "jobs.db"), backup_path: join(site.folder, "backups") },
      });
      await ran("sh", "-c", `cat /dev/zero > ${disk}/balloon`);
      await makeFilm(join(site.films, "film.mkv"), { duration_s: 1 });
      const isFull = (texts: string[]) => texts.some((text) => text.includes("its disk is full"));
      await until("the master says so", async () => isFull(await problems(site)));
      expect((await site.get("/readyz")).status).toBe(503);
      const worker = { worker_id: "w", session: "s", hostname: "h", version: "1", concurrency: 1 };
      expect((await site.post("/api/worker/register", worker)).status).toBe(503);
      // Rounds that have nothing to write do not count as a recovery.
      for (let look = 0; look < 30; look++) {
        expect(isFull(await problems(site))).toBe(true);
        await Bun.sleep(100);
      }
      expect((await site.vc("status")).stdout).toContain("its disk is full");

      await site.worker("worker");
      await rm(join(disk, "balloon"));
      const jobs = await site.settled(1);
      expect(jobs.get("film.mkv")).toMatchObject({ status: "completed", retry_count: 0, lost_count: 0 });
      await until("the problem is over", async () => !isFull(await problems(site)));
    } finally {
      await ran("umount", "-l", disk);
    }
  },
);

siteTest(null, "a farm whose database lost its log is restored, and its worker goes on", async (site) => {
  const path = join(site.folder, "jobs.db");
  const settings = { database: { backup_interval: "1s" } };
  await makeFilm(join(site.films, "one.mkv"), { duration_s: 1 });
  const master = await site.master(settings);
  const worker = await site.worker("worker");
  await site.settled(1);
  const folder = `${path}.backups`;
  await until("there is a backup with the film", () => filmsIn(listBackups({ path, folder })[0]?.path) === 1);
  master.kill("SIGKILL");
  await master.ended;
  await rm(`${path}-wal`);

  const refused = await site.master(settings);
  expect(await refused.ended).toBe(2);
  expect(refused.log()).toContain("changes made to it: its log");
  expect(refused.log()).toContain("vc restore --newest");
  expect(refused.log().trim().split("\n")).toHaveLength(1);
  const config = join(site.folder, "master.yaml");
  const listed = await site.vc("restore", "--config", config);
  expect(listed.stdout).toContain(folder);
  const restored = await site.vc("restore", "--newest", "--config", config);
  expect([restored.exit, restored.stderr]).toEqual([0, ""]);
  expect(restored.stdout).toContain("1 films");

  await site.master(settings);
  await makeFilm(join(site.films, "two.mkv"), { duration_s: 1 });
  // The refused master counts as one that has ended by itself, so this waits without looking at processes.
  await until("both are completed", async () => {
    const jobs = await site.jobs();
    return jobs.length === 2 && jobs.every(({ status }) => status === "completed");
  });
  expect(worker.alive()).toBe(true);
  for (const name of ["one.mp4", "two.mp4"])
    expect((await probeFilm(join(site.converted, name))).frames).toBeGreaterThan(10);
  const running = await site.vc("restore", "--newest", "--config", config);
  expect(running.exit).toBe(1);
  expect(running.stderr).toContain("stop the other one");
});

siteTest(null, "a large database is checked while the master already says that it lives", async (site) => {
  const path = join(site.folder, "jobs.db");
  addFilms(path, 60_000);
  await writeFile(join(site.films, "film.mkv"), "no film");
  const master = await site.master();
  const status = await until("it serves", async () => {
    const reply = await site.get("/api/status");
    return reply.status === 200 && reply.body;
  });
  expect(status.total).toBeGreaterThanOrEqual(60_000);
  expect(master.log()).toContain("the database is being checked");
  master.kill("SIGTERM");
  expect(await master.ended).toBe(0);
});

/** In a backup; null where there is none yet. */
function filmsIn(path: string | undefined): number | null {
  if (path === undefined) return null;
  const database = new Database(path, { readonly: true });
  try {
    return database.query<{ films: number }, []>("select count(*) films from jobs").get()?.films ?? null;
  } finally {
    database.close();
  }
}

/** In one transaction, so many films that the file is too large to be checked at once. */
function addFilms(path: string, films: number): void {
  const database = openDatabase({ path });
  database.sqlite.run(
    `insert into jobs (id, source_path, output_path, source_rel, output_rel, output_key, status, max_retries,
        created_at, updated_ms, source_size, source_mtime_ns)
      with recursive n(n) as (select 1 union all select n + 1 from n where n < ?)
      select 'job' || n, '/films/' || n, '/out/' || n, 'old/' || n || '.mkv', 'old/' || n || '.mp4',
        'old/' || n || '.mp4', 'pending', 3, '2026-01-01T00:00:00.000Z', n, n, '1' from n`,
    [films],
  );
  database.sqlite.run("update job_counts set jobs = ? where status = 'pending' and reason = ''", [films]);
  database.close();
}
