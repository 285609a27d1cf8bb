import { expect } from "bun:test";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { VC } from "../support/processes.ts";
import { siteTest } from "../support/site-test.ts";

const noOtherUser =
  process.getuid?.() !== 0
    ? "only root may start a worker under another user id"
    : Bun.which("setpriv") === null
      ? "setpriv is not installed"
      : null;

siteTest(
  noOtherUser,
  "films that a worker's user may not read cost neither them nor the worker anything, and another worker makes them",
  async (site) => {
    const closed = ["a.mkv", "b.mkv", "c.mkv", "Closed/d.mkv"];
    for (const name of [...closed, "open.mkv"]) await makeFilm(join(site.films, name), { duration_s: 1 });
    for (const name of closed.slice(0, 3)) await chmod(join(site.films, name), 0);
    await chmod(join(site.films, "Closed"), 0o700);
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
    const jobs = await site.settled(5);
    expect(jobs.get("open.mkv")).toMatchObject({ status: "completed" });
    const failed = { status: "failed", reason: "source_unreadable", retry_count: 0, attempt: 1 };
    for (const name of closed) expect(jobs.get(name)).toMatchObject(failed);
    expect(jobs.get("a.mkv")?.error_message).toContain("(uid 65534) may not read");
    const said = (await site.vc("status")).stdout;
    expect(said).toContain("4 films may not be read by any worker");
    expect((await site.vc("workers")).stdout).not.toContain("quarantined");

    await site.worker("root");
    expect((await site.vc("retry")).exit).toBe(0);
    const again = await site.settled(5);
    for (const name of closed)
      expect(again.get(name)).toMatchObject({ status: "completed", worker_id: "root", retry_count: 0 });
  },
);
