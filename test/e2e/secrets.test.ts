import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { processesWith } from "../support/processes.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

const linux = process.platform === "linux" ? null : "looks at processes through /proc";

siteTest(linux, "no token is in a log, a command line, or the environment of an attempt", async (site) => {
  await makeFilm(join(site.films, "film.mkv"), { duration_s: 20, size: "480x270" });
  // Slow enough to be looked at.
  await site.master({ logging: { level: "debug" }, conversion: { preset: "slow" } });
  const added = await site.vc("token", "add", "two", "--json");
  const own = String(JSON.parse(added.stdout).token);
  const masters = (await readFile(join(site.folder, "jobs.db.token"), "utf8")).trim();
  const secrets = [masters, own, own.slice(17)];
  const worker = (id: string) => [
    ...["worker", "--master", site.url, "--id", id, "--log-level", "debug", "--ffmpeg.use_vulkan", "false"],
    ...["--storage.cache_path", join(site.folder, `cache-${id}`)],
  ];
  for (const id of ["one", "two", "three", "four"]) await recallTrials(join(site.folder, `cache-${id}`));
  site.launch("one", worker("one"), { VC_TOKEN: masters });
  site.launch("two", worker("two"), { VC_TOKEN: own });
  // An impostor and a stranger, whose refusals are logged on both sides.
  const impostor = site.launch("three", worker("three"), { VC_TOKEN: own });
  const stranger = site.launch("four", worker("four"), { VC_TOKEN: `${own}x` });
  expect(await Promise.all([impostor.ended, stranger.ended])).toEqual([1, 1]);
  // Their ends were wanted.
  for (const { kill } of [impostor, stranger]) kill("SIGTERM");
  expect(impostor.log()).toContain('the token was made for the worker "two"');
  expect(stranger.log()).toContain("is not this master's");

  const seen = new Set<string>();
  await until("an attempt and its ffmpeg were looked at", async () => {
    for (const { pid, program, argv } of await processesWith("")) {
      const environment = readText(`/proc/${pid}/environ`);
      // Its home is the site's: this is one of ours.
      if (!environment.includes(site.folder)) continue;
      const attempt = /ffmpeg|ffprobe/.test(program) || argv.includes("__job");
      const told = [argv.join(" "), ...(attempt ? [environment] : [])];
      for (const secret of secrets) expect(told.filter((text) => text.includes(secret))).toEqual([]);
      if (attempt) seen.add(argv.includes("__job") ? "the attempt" : program);
    }
    return seen.has("the attempt") && [...seen].some((program) => program.endsWith("ffmpeg"));
  });
  await site.settled(1);
  await site.vc("jobs", "film.mkv", "--json");
  const holders = readdirSync(site.folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const text = readText(join(site.folder, name));
    return secrets.some((secret) => text.includes(secret));
  });
  expect(holders.toSorted()).toEqual(["jobs.db.token"]);
});

/** Empty for folders, and for what is gone again. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
