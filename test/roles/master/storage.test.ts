import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { claimJob, type MasterSite, withMasterSite } from "../../support/master-test.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const register = async (site: MasterSite) => {
  const body = { worker_id: "w1", session: "s1", hostname: "test", version: "1", concurrency: 1 };
  return (await site.post("/api/worker/register", body)).body as {
    storage: { root: string; source_root: string; output_base: string; nonce: string; output_mode: number };
  };
};
const prove = (site: MasterSite, canary: string, session = "s1") =>
  site.post("/api/worker/prove-mount", { worker_id: "w1", session, canary });

test("a worker is told the folders, and proves its mount by a canary and samples", () =>
  withMasterSite(async (site) => {
    const long = "x".repeat(70_000);
    await site.film("short.mkv", "short");
    await site.film("long.mkv", long);
    const master = await site.start();
    await master.scan();
    const { storage } = await register(site);
    expect(storage).toMatchObject({
      root: site.folder,
      source_root: site.films,
      output_base: site.converted,
      output_mode: 0o644,
    });
    const vc = join(site.converted, ".vc");
    expect((await stat(vc)).mode & 0o7777).toBe(0o1777);
    expect((await prove(site, "canary-w1")).body).toMatchObject({ seen: false });
    await writeFile(join(vc, "canary-w1"), storage.nonce);
    const proven = await prove(site, "canary-w1");
    const { samples } = proven.body as { samples: { source_rel: string }[] };
    expect(proven.body.seen).toBe(true);
    expect(samples.toSorted((a, b) => b.source_rel.localeCompare(a.source_rel))).toEqual([
      expect.objectContaining({ source_rel: "short.mkv", size: 5, head_sha256: sha256("short") }),
      expect.objectContaining({
        source_rel: "long.mkv",
        size: 70_000,
        head_sha256: sha256(long.slice(0, 65_536)),
      }),
    ]);
  }));

test("a canary with other content, a symlink and a name that leaves the folder prove nothing", () =>
  withMasterSite(async (site) => {
    await site.start();
    const { storage } = await register(site);
    const vc = join(site.converted, ".vc");
    await writeFile(join(vc, "canary-other"), "of another master");
    await writeFile(join(vc, "canary-real"), storage.nonce);
    await symlink("canary-real", join(vc, "canary-link"));
    await Bun.spawn(["mkfifo", join(vc, "canary-pipe")]).exited;
    for (const name of ["canary-other", "canary-link", "canary-pipe", "canary-missing"]) {
      expect((await prove(site, name)).body).toMatchObject({ seen: false });
    }
    for (const name of ["canary", "../canary-x", "canary-../../etc/passwd", "canary-a b", "canary-"]) {
      expect((await prove(site, name)).status).toBe(400);
    }
  }));

test("a .vc that was cleaned away is made again; another folder in its place is left alone", () =>
  withMasterSite(async (site) => {
    await site.start();
    const { storage } = await register(site);
    const vc = join(site.converted, ".vc");
    await rm(vc, { recursive: true });
    await prove(site, "canary-w1");
    expect(await readFile(join(vc, "canary"), "utf8")).toBe(storage.nonce);
    expect((await stat(vc)).mode & 0o7777).toBe(0o1777);

    await rename(site.converted, `${site.converted}.away`);
    await mkdir(site.converted);
    await prove(site, "canary-w1");
    expect(await readdir(site.converted)).toEqual([]);
  }));

test("samples are rather films that everyone may read", () =>
  withMasterSite(async (site) => {
    const names = ["a.mkv", "b.mkv", "c.mkv", "d.mkv", "e.mkv"];
    for (const name of [...names, "closed/f.mkv"]) await site.film(name);
    await chmod(join(site.films, "closed"), 0o700);
    for (const name of ["a.mkv", "b.mkv", "c.mkv"]) await chmod(join(site.films, name), 0o600);
    const master = await site.start();
    await master.scan();
    await register(site);
    const { samples } = (await prove(site, "canary-none")).body as { samples: { source_rel: string }[] };
    const chosen = samples.map(({ source_rel }) => source_rel);
    expect(chosen.slice(0, 2).sort()).toEqual(["d.mkv", "e.mkv"]);
    expect(chosen).toHaveLength(3);
  }));

test("a film that was converted before stands among the samples, as long as it is there", () =>
  withMasterSite(async (site) => {
    await site.film("done.mkv");
    const master = await site.start();
    await master.scan();
    const job = await claimJob(master, "w1");
    await writeFile(join(site.converted, ".vc", job.staging), "converted");
    const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
    const hand_in = { job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs };
    expect((await site.post("/api/worker/job-complete", hand_in)).body).toMatchObject({
      status: "completed",
    });
    await site.film("a.mkv");
    await chmod(join(site.films, "a.mkv"), 0o600);
    await master.scan();
    const sampled = async () => {
      const { samples } = (await prove(site, "canary-none", "session-of-w1")).body as {
        samples: { source_rel: string }[];
      };
      return samples.map(({ source_rel }) => source_rel);
    };
    expect(await sampled()).toEqual(["a.mkv", "done.mkv"]);
    await rm(join(site.films, "done.mkv"));
    expect(await sampled()).toEqual(["a.mkv"]);
  }));

test("a staging folder that is a symlink is refused, and where it points keeps its mode", () =>
  withMasterSite(async (site) => {
    const elsewhere = join(site.folder, "elsewhere");
    for (const path of [elsewhere, site.converted]) await mkdir(path, { mode: 0o700 });
    await symlink(elsewhere, join(site.converted, ".vc"));
    await expect(site.start()).rejects.toThrow("is a symlink");
    expect((await stat(elsewhere)).mode & 0o7777).toBe(0o700);
    expect(await readdir(elsewhere)).toEqual([]);
  }));

test("a film behind a folder that became a symlink is no sample", () =>
  withMasterSite(async (site) => {
    await site.film("Show/a.mkv");
    const master = await site.start();
    await master.scan();
    await register(site);
    await rename(join(site.films, "Show"), join(site.folder, "secrets"));
    await symlink(join(site.folder, "secrets"), join(site.films, "Show"));
    expect((await prove(site, "canary-none")).body).toMatchObject({ samples: [] });
  }));
