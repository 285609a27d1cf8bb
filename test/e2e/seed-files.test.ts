import { expect, test } from "bun:test";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { run, VC } from "../support/processes.ts";
import { siteTest } from "../support/site-test.ts";
import { ROOT } from "../support/sources.ts";
import { until } from "../support/until.ts";

/** The first configuration files that were ever written for vc still work as they stand. */
const fixtures = join(ROOT, "test/fixtures");
const MASTER = "seed-master.yaml";
const WORKER = "seed-worker.yaml";

test.each([MASTER, WORKER])("%s is valid as it stands", async (file) => {
  const env = { PATH: process.env.PATH ?? "", NO_COLOR: "1" };
  expect(await run({ cmd: [VC, "validate", join(fixtures, file)], cwd: ROOT, env })).toMatchObject({
    exit: 0,
  });
});

const ffmpeg = Bun.which("ffmpeg");

siteTest(
  ffmpeg === null ? "ffmpeg is not on PATH" : null,
  "a master and a worker run from them; only addresses and folders are this machine's",
  async (site) => {
    for (const file of [MASTER, WORKER]) await copyFile(join(fixtures, file), join(site.folder, file));
    await makeFilm(join(site.films, "film.avi"));
    site.launch("master", ["master", "--config", MASTER], {
      VC_SERVER_HOST: "127.0.0.1",
      VC_SERVER_PORT: String(site.port),
      VC_SCANNER_ROOT_PATH: site.films,
      VC_SCANNER_OUTPUT_BASE: site.converted,
      VC_SCANNER_SETTLE: "0",
    });
    await until("the master serves", async () => (await fetch(`${site.url}/healthz`)).ok);
    await recallTrials(join(site.folder, "cache"));
    site.launch("worker", ["worker", "--config", WORKER], {
      VC_MASTER_URL: site.url,
      VC_STORAGE_MOUNT_PATH: site.folder,
      VC_STORAGE_CACHE_PATH: join(site.folder, "cache"),
      VC_FFMPEG_PATH: ffmpeg ?? "",
    });
    const jobs = await site.settled(1);
    expect(jobs.get("film.avi")).toMatchObject({ status: "completed", worker_id: "worker-1" });
    expect(await probeFilm(join(site.converted, "film.mp4"))).toEqual({
      codec: "h264",
      width: 320,
      frames: 50,
    });
    for (const file of ["master.log", "worker.log"]) {
      const lines = (await Bun.file(join(site.folder, file)).text()).trim().split("\n");
      expect(lines.map((line) => typeof JSON.parse(line)).every((type) => type === "object")).toBe(true);
    }
  },
);
