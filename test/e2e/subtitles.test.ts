import { expect } from "bun:test";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { makePgs } from "../support/picture-subtitles.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";

/** Picture subtitles of films that become mp4, by the compiled executable. */

siteTest(
  null,
  "lie beside the result that replaces a film, and go with it when it is undone",
  async (site) => {
    const original = await addFilm(site);
    const visible = async () => (await readdir(site.films)).filter((name) => !name.startsWith(".")).sort();
    await site.master({
      scanner: { output_base: site.films },
      storage: { replace: true },
      conversion: { subtitles: "beside" },
    });
    await site.worker("one");
    expect((await site.settled(1)).get("a.mkv")).toMatchObject({ status: "completed" });
    expect(await visible()).toEqual(["a.fre.sup", "a.mp4"]);
    expect(await readFile(join(site.films, "a.fre.sup"), "latin1")).toStartWith("PG");
    expect((await stat(join(site.films, "a.mp4"))).mtimeMs).toBe(1_100_000_000_000);
    expect((await site.vc("undo", "a.mkv")).exit).toBe(0);
    expect(await visible()).toEqual(["a.mkv"]);
    expect(await readFile(join(site.films, "a.mkv"), "base64")).toBe(original);
  },
);

siteTest(null, "make films mkv where that is asked for", async (site) => {
  await addFilm(site);
  await site.master({ conversion: { subtitles: "mkv" } });
  await site.worker("one");
  await site.settled(1);
  expect((await readdir(site.converted)).filter((name) => !name.startsWith("."))).toEqual(["a.mkv"]);
});

async function addFilm(site: Site): Promise<string> {
  const [plain, subtitles, film] = ["plain.mkv", "a.sup", "a.mkv"].map((name) => join(site.folder, name));
  if (plain === undefined || subtitles === undefined || film === undefined) throw new Error("no names");
  await makeFilm(plain, { duration_s: 1, size: "64x64" });
  await writeFile(subtitles, makePgs([{ start_s: 0.2, end_s: 0.6 }]));
  const cmd = [
    ...["ffmpeg", "-v", "error", "-nostdin", "-i", plain, "-i", subtitles, "-map", "0", "-map", "1"],
    ...["-c", "copy", "-metadata:s:s:0", "language=fre", film],
  ];
  const made = Bun.spawnSync({ cmd, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  await utimes(film, 1_100_000_000, 1_100_000_000);
  const content = await readFile(film);
  await writeFile(join(site.films, "a.mkv"), content);
  await utimes(join(site.films, "a.mkv"), 1_100_000_000, 1_100_000_000);
  return content.toString("base64");
}
