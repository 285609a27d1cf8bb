import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../sim/random.ts";
import { type CuttingLine, startCuttingLine } from "../support/cutting-line.ts";
import { makeFilm, probeFilm } from "../support/films.ts";
import { noPipes, pipeAt } from "../support/pipe.ts";
import { processesWith } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { unlessFull } from "../support/test-or.ts";
import { until } from "../support/until.ts";

/** Workers without a mount: films come and go over HTTP, through lines that break, and over deaths on both sides. */

const MIB = 1024 * 1024;
/** About 2 MB, 250 frames. */
const film = { duration_s: 10, size: "480x360" };
const MASTER = {
  conversion: { preset: "ultrafast", container: "mkv" },
  queue: { lease: "2m", retry_delay: "1s" },
};

type Settings = Record<string, unknown>;
const worker = (site: Site, source: string, storage: Settings = {}, more: Settings = {}) =>
  site.worker("w", {
    settings: {
      storage: { source, cache_path: join(site.folder, "cache-w"), ...storage },
      ...(Object.keys(more).length === 0 ? {} : { worker: { id: "w", ...more } }),
    },
  });

/** Runs `use` with a worker's line to the master that can be cut. */
async function withLine(site: Site, use: (line: CuttingLine) => Promise<void>): Promise<void> {
  const line = await startCuttingLine({ port: site.port, random: createRandom(7) });
  try {
    await use(line);
  } finally {
    await line.stop();
  }
}

const stage = (site: Site, wanted: string, percent = 0) =>
  until(`a film is ${wanted}`, async () => {
    const [job] = await site.jobs();
    return job?.progress?.stage === wanted && job.progress.percent >= percent;
  });

async function expectWhole(site: Site, name: string, frames = 250): Promise<void> {
  const jobs = await site.settled(1);
  expect(jobs.get(name)).toMatchObject({ status: "completed", retry_count: 0 });
  const result = join(site.converted, name.replace(/\.\w+$/, ".mkv"));
  expect((await probeFilm(result)).frames).toBe(frames);
  expect(await staged(site)).toEqual([]);
}

/** A worker clears away what it made once it has the master's answer. */
const cleared = (site: Site) =>
  until("nothing is left of the results", async () => (await left(site, "work")).length === 0);

const staged = async (site: Site) =>
  (await readdir(join(site.converted, ".vc"))).filter((name) => name.includes(".partial."));
/** What the worker has left on its own disk. */
const left = async (site: Site, kind: "work" | "films") =>
  (await readdir(join(site.folder, "cache-w", kind), { recursive: true })).filter((name) =>
    name.includes("."),
  );
const sizeOf = async (site: Site, name: string) => (await stat(join(site.films, name))).size;

siteTest(null, "auto streams where no mount is, and says so", async (site) => {
  for (const name of ["a.mkv", "moov-at-the-end.mp4", "b.ts", "c.avi"])
    await makeFilm(join(site.films, name), { duration_s: 2 });
  await site.master({ ...MASTER, conversion: { preset: "ultrafast", container: "mp4" } });
  await worker(site, "auto", { mount_path: join(site.folder, "not-mounted") });
  const jobs = await site.settled(4);
  for (const [name, job] of jobs) {
    expect([name, job.status, job.retry_count]).toEqual([name, "completed", 0]);
    expect((await probeFilm(join(site.converted, job.output_rel))).frames).toBe(50);
  }
  const said = (await site.vc("workers")).stdout;
  expect(said).toContain("Films come and go over HTTP, as no mount was found");
  expect(said).toContain("not-mounted");
  expect(await staged(site)).toEqual([]);
  await cleared(site);
  expect(existsSync(join(site.folder, "cache-w", "films"))).toBe(false);
});

siteTest(noPipes, "auto streams where the mount hangs, and says so", async (site) => {
  const mount_path = join(site.folder, "hangs");
  await mkdir(join(mount_path, "converted", ".vc"), { recursive: true });
  await pipeAt(join(mount_path, "converted", ".vc", "canary"));
  await makeFilm(join(site.films, "a.mkv"), { duration_s: 2 });
  await site.master(MASTER);
  const found = await worker(site, "auto", { mount_path });
  await expectWhole(site, "a.mkv", 50);
  expect((await site.vc("workers")).stdout).toContain("The mounted storage does not answer.");
  expect(found.log()).toContain("did not answer within 20 s: the mount hangs");
  found.kill("SIGINT");
  expect(await found.ended).toBe(0);
});

siteTest(
  noPipes,
  "a worker that waits for a mount which hangs ends at once when it is told to",
  async (site) => {
    const mount_path = join(site.folder, "hangs");
    await mkdir(join(mount_path, "converted", ".vc"), { recursive: true });
    await pipeAt(join(mount_path, "converted", ".vc", "canary"));
    await site.master(MASTER);
    const found = await worker(site, "mount", { mount_path });
    await until("it is known", () => found.log().includes("the mount hangs"));
    found.kill("SIGINT");
    expect(await found.ended).toBe(0);
    expect(found.log()).not.toContain("films come and go over HTTP");
  },
);

siteTest(null, "downloaded films stay in the cache within its size", async (site) => {
  for (const name of ["a.mkv", "b.mkv", "c.mkv"])
    await makeFilm(join(site.films, name), { duration_s: 4, size: "640x480" });
  await site.master(MASTER);
  const size = await sizeOf(site, "a.mkv");
  await worker(site, "download", { max_cache_size: `${Math.floor(2.5 * size)}` });
  for (const { status } of (await site.settled(3)).values()) expect(status).toBe("completed");
  expect((await left(site, "films")).filter((name) => name.endsWith(".mkv"))).toHaveLength(2);
  await cleared(site);
});

siteTest(null, "a film that is larger than the cache is streamed", async (site) => {
  await makeFilm(join(site.films, "a.mkv"), { duration_s: 2 });
  await site.master(MASTER);
  const found = await worker(site, "download", { max_cache_size: "1K" });
  await expectWhole(site, "a.mkv", 50);
  expect(found.log()).toContain("there is no room to download this film");
  expect(await left(site, "films")).toEqual([]);
});

siteTest(
  null,
  "a source that is replaced while it is streamed makes nothing of the mixture",
  async (site) => {
    await makeFilm(join(site.films, "a.mkv"), film);
    await makeFilm(join(site.folder, "new.mkv"), { ...film, duration_s: 6 });
    await site.master(MASTER);
    const found = await worker(site, "stream", { bandwidth_limit: "250K" });
    await stage(site, "probing");
    await rename(join(site.folder, "new.mkv"), join(site.films, "a.mkv"));
    await until("it is seen", () => found.log().includes("source_changed"));
    await expectWhole(site, "a.mkv", 150);
  },
);

siteTest(null, "a source that is gone while it is streamed ends its attempt", async (site) => {
  await makeFilm(join(site.films, "a.mkv"), film);
  // Another one, so that the library is not empty, which would be a lost volume.
  await makeFilm(join(site.films, "b.mkv"), { duration_s: 1 });
  await site.master(MASTER);
  await worker(site, "stream", { bandwidth_limit: "250K" });
  await until("it is read", async () =>
    (await site.jobs()).some(
      ({ source_rel, progress }) => source_rel === "a.mkv" && progress?.stage === "probing",
    ),
  );
  await rm(join(site.films, "a.mkv"));
  const jobs = await site.settled(2);
  expect(jobs.get("a.mkv")).toMatchObject({ status: "skipped", reason: "source_missing" });
  expect(jobs.get("b.mkv")).toMatchObject({ status: "completed" });
  expect(await staged(site)).toEqual([]);
  await cleared(site);
});

for (const [source, wanted] of [
  ["download", "downloading"],
  ["stream", "probing"],
  ["stream", "uploading"],
] as const) {
  siteTest(
    null,
    `a master that is killed while a film is ${wanted} costs no attempt and no bytes`,
    async (site) =>
      withLine(site, async (line) => {
        await makeFilm(join(site.films, "a.mkv"), film);
        const master = await site.master(MASTER);
        await worker(site, source, { bandwidth_limit: "250K" }, { master_url: line.url });
        await stage(site, wanted, wanted === "uploading" ? 10 : 0);
        master.kill("SIGKILL");
        await master.ended;
        await site.master(MASTER);
        await expectWhole(site, "a.mkv");
        const [job] = await site.jobs();
        expect(job).toMatchObject({ attempt: 1, lost_count: 0 });
        // What was on its way is lost, and nothing else.
        expect(line.counts.down).toBeLessThan((await sizeOf(site, "a.mkv")) + 2.5 * MIB);
        expect(line.counts.up).toBeLessThan((job?.output_size ?? 0) + 1.5 * MIB);
      }),
  );
}

const noProc = process.platform === "linux" ? null : "looks at processes, as Linux shows them";

siteTest(noProc, "pieces of a result arrive while the rest of it is still being made", async (site) =>
  withLine(site, async (line) => {
    await makeFilm(join(site.films, "a.mkv"), { duration_s: 60, size: "640x480" });
    await site.master({ ...MASTER, conversion: { codec: "ffv1", container: "mkv" } });
    await worker(site, "stream", {}, { master_url: line.url });
    const work = join(site.folder, "cache-w", "work");
    const early = await until(
      "something has arrived",
      async () => {
        const [name] = await staged(site);
        const arrived = name === undefined ? 0 : (await stat(join(site.converted, ".vc", name))).size;
        // Looked at afterwards: whoever writes it now has not ended before.
        const writes = (await processesWith(work)).some(({ argv }) => isEncoder(argv, work));
        return arrived > 0 && { arrived, writes };
      },
      { every_ms: 20 },
    );
    expect(early).toMatchObject({ writes: true });
    await expectWhole(site, "a.mkv", 1500);
    // The muxer changes the head at its end; nothing else goes twice.
    const [job] = await site.jobs();
    expect(line.counts.up).toBeLessThan((job?.output_size ?? 0) + 5 * MIB);
    await cleared(site);
  }),
);

/** Looking at a film, ffmpeg writes no file there. */
function isEncoder(argv: string[], work: string): boolean {
  return argv.some((word, n) => word.includes(work) && argv[n - 1] !== "-i") && argv.includes("-progress");
}

siteTest(null, "a worker that is killed while it downloads goes on where it was", async (site) =>
  withLine(site, async (line) => {
    await makeFilm(join(site.films, "a.mkv"), { ...film, duration_s: 30 });
    await site.master(MASTER);
    const settings = [{ bandwidth_limit: "600K" }, { master_url: line.url }] as const;
    const first = await worker(site, "download", ...settings);
    await stage(site, "downloading", 30);
    first.kill("SIGKILL");
    await first.ended;
    await worker(site, "download", ...settings);
    await expectWhole(site, "a.mkv", 750);
    expect((await site.jobs())[0]).toMatchObject({ attempt: 2, lost_count: 1 });
    expect(line.counts.down).toBeLessThan((await sizeOf(site, "a.mkv")) + 4.5 * MIB);
  }),
);

siteTest(null, "a worker that is killed after the encode hands in what it has made", async (site) =>
  withLine(site, async (line) => {
    await makeFilm(join(site.films, "a.mkv"), film);
    await site.master(MASTER);
    const settings = [{ bandwidth_limit: "250K" }, { master_url: line.url }] as const;
    const first = await worker(site, "download", ...settings);
    await stage(site, "uploading", 10);
    first.kill("SIGKILL");
    await first.ended;
    await worker(site, "download", ...settings);
    await expectWhole(site, "a.mkv");
    const [job] = await site.jobs();
    expect(job).toMatchObject({ attempt: 1, lost_count: 0 });
    expect(line.counts.up).toBeLessThan((job?.output_size ?? 0) + 2 * MIB);
    await cleared(site);
  }),
);

siteTest(null, "a worker that is stopped twice hands in what it has made at its next start", async (site) => {
  await makeFilm(join(site.films, "a.mkv"), film);
  await site.master(MASTER);
  const first = await worker(site, "stream", { bandwidth_limit: "250K" });
  await stage(site, "uploading", 10);
  first.kill("SIGINT");
  await until("it drains", () => first.log().includes("draining"));
  first.kill("SIGINT");
  expect(await first.ended).toBe(0);
  expect(first.log()).toContain("is kept here");
  // Nobody is given what only waits for its worker.
  expect((await site.jobs())[0]).toMatchObject({ status: "processing", attempt: 1 });
  await worker(site, "stream");
  await expectWhole(site, "a.mkv");
  expect((await site.jobs())[0]).toMatchObject({ attempt: 1, lost_count: 0 });
  await cleared(site);
});

siteTest(null, "a finished film whose job went to somebody else meanwhile is thrown away", async (site) => {
  await makeFilm(join(site.films, "a.mkv"), film);
  await site.master({ ...MASTER, queue: { lease: "10s", retry_delay: "1s" } });
  const first = await worker(site, "download", { bandwidth_limit: "250K" });
  await stage(site, "uploading", 10);
  first.kill("SIGKILL");
  await first.ended;
  await site.worker("other");
  await site.settled(1);
  expect((await site.jobs())[0]).toMatchObject({ attempt: 2, worker_id: "other" });
  await worker(site, "download");
  await cleared(site);
  expect((await site.jobs())[0]).toMatchObject({ attempt: 2, status: "completed" });
});

// The other way, too, has its lines cut in transfer-chaos.test.ts.
for (const [source, skipped] of [
  ["stream", null],
  ["download", unlessFull],
] as const) {
  siteTest(skipped, `${source} through a line that is cut all the time`, async (site) =>
    withLine(site, async (line) => {
      await makeFilm(join(site.films, "a.mkv"), { duration_s: 30, size: "640x480" });
      await site.master(MASTER);
      await worker(site, source, {}, { master_url: line.url, job_check_interval: "200ms" });
      await until("it has begun", async () => (await site.jobs())[0]?.progress !== undefined);
      line.cutWithin([1, 400_000]);
      await expectWhole(site, "a.mkv", 750);
      const [job] = await site.jobs();
      expect(job).toMatchObject({ attempt: 1, lost_count: 0 });
      expect(line.counts.cuts).toBeGreaterThan(50);
      const { cuts, down, up } = line.counts;
      // No cut costs more than the piece that it hits, and those are short on such a line.
      expect(down + up).toBeLessThan(
        (await sizeOf(site, "a.mkv")) * 1.5 + (job?.output_size ?? 0) + cuts * 400_000,
      );
    }),
  );
}
