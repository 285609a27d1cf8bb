import { expect } from "bun:test";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { processesWith } from "../support/processes.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const noProc = process.platform === "linux" ? null : "looks at processes through /proc";
const QUICK = ["--preset", "ultrafast"];

/** `vc convert` as a person calls it, who has no master running and no configuration file. */
const convert = (site: Site, source: string, ...more: string[]) =>
  site.vc("convert", source, "--out", site.converted, ...QUICK, ...more);

siteTest(null, "a folder becomes a folder, and a second run has nothing to do", async (site) => {
  await makeFilm(join(site.films, "a.mkv"));
  await makeFilm(join(site.films, "two words/ü.avi"));
  const first = await convert(site, site.films, "--container", "mkv", "--target-resolution", "160x120");
  expect(first).toMatchObject({ exit: 0, stderr: "" });
  expect(first.stdout).toContain("2 films converted");
  expect(await probeFilm(join(site.converted, "a.mkv"))).toEqual({ codec: "h264", width: 160, frames: 50 });
  expect(await probeFilm(join(site.converted, "two words/ü.mkv"))).toMatchObject({ frames: 50 });
  const { mtimeMs } = await stat(join(site.converted, "a.mkv"));

  expect(await convert(site, site.films, "--container", "mkv")).toMatchObject({ exit: 0 });
  expect((await stat(join(site.converted, "a.mkv"))).mtimeMs).toBe(mtimeMs);
  expect(await processesWith(site.folder)).toEqual([]);
});

siteTest(null, "one film of a folder, by its name; `start` is another word for it", async (site) => {
  await makeFilm(join(site.films, "a.mkv"));
  await makeFilm(join(site.films, "b.mkv"));
  const source = join(site.films, "b.mkv");
  const done = await site.vc("start", source, "--out", site.converted, ...QUICK, "--json");
  expect(done.exit).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({
    finished: true,
    stats: { counts: { completed: 1 } },
    jobs: [],
  });
  expect((await readdir(site.converted)).filter((name) => !name.startsWith("."))).toEqual(["b.mp4"]);
});

siteTest(
  null,
  "what cannot be converted is told with its reason, and the exit code says so",
  async (site) => {
    await makeFilm(join(site.films, "good.mkv"));
    await makeFilm(join(site.films, "cut.mkv"), { duration_s: 10 });
    const whole = Bun.file(join(site.films, "cut.mkv"));
    await writeFile(join(site.films, "cut.mkv"), await whole.slice(0, whole.size / 2).bytes());
    const { exit, stdout } = await convert(site, site.films);
    expect(exit).toBe(1);
    expect(stdout).toContain("failed cut.mkv: The file says 10.0 s");
    expect(stdout).toContain("1 film converted");
    expect((await readdir(site.converted)).filter((name) => !name.startsWith("."))).toEqual(["good.mp4"]);
  },
);

siteTest(noProc, "Ctrl-C ends it in good order, and the same command goes on from there", async (site) => {
  await makeFilm(join(site.films, "a.mkv"));
  await makeFilm(join(site.films, "b.mkv"), { duration_s: 30, size: "640x360" });
  const args = ["convert", site.films, "--out", site.converted, "--preset", "veryslow"];
  const running = site.launch("convert", args);
  const encoding = () =>
    until("ffmpeg encodes b.mkv", async () => {
      const found = await processesWith(site.converted);
      return found.some(({ argv }) => argv.some((part) => part.endsWith("b.mkv")));
    });
  await encoding();
  running.kill("SIGINT");
  expect(await running.ended).toBe(1);
  expect(running.log()).toContain("run the same command to go on");
  expect(await processesWith(site.converted)).toEqual([]);

  const second = await convert(site, site.films);
  expect(second).toMatchObject({ exit: 0 });
  expect(second.stdout).toContain("2 films converted");
});

siteTest(null, "wrong use is told with what to do, before anything is made", async (site) => {
  const cases: [string[], string][] = [
    [["convert", site.films], "--out is missing"],
    [["convert", join(site.films, "nothing.mkv"), "--out", site.converted], "nothing.mkv"],
    [["convert", site.films, "--out", site.films], "output_base"],
    [["convert", site.films, "--out", site.converted, "--codec", "h263"], "h264, hevc, av1, ffv1 or prores"],
    [["convert", site.films, "--out", site.converted, "--codec", "ffv1"], "which mp4 cannot hold"],
    [["convert", site.films, "--out", site.converted, "--qualty", "20"], "--quality"],
  ];
  for (const [args, sentence] of cases) {
    const { exit, stderr } = await site.vc(...args);
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining(sentence) });
  }
  expect(await readdir(site.converted)).toEqual([]);
});

siteTest(null, "a missing ffmpeg is told at once", async (site) => {
  await makeFilm(join(site.films, "a.mkv"));
  const { exit, stderr } = await convert(site, site.films, "--ffmpeg", join(site.folder, "no-ffmpeg"));
  expect(exit).toBe(1);
  expect(stderr).toContain("no-ffmpeg");
});
