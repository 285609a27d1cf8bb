import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBackup } from "../../../src/db/backups.ts";
import type { Master } from "../../../src/roles/master/index.ts";
import { findBackups, restore } from "../../../src/roles/master/restore.ts";
import { type Clock, systemClock } from "../../../src/shared/clock.ts";
import type { Original } from "../../../src/shared/originals.ts";
import { claimJob, configOf, type MasterSite, withMasterSite } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;
const in31Days: Clock = {
  now: () => ({ ...systemClock.now(), wall_ms: systemClock.now().wall_ms + 31 * DAY_MS }),
};

type Held = Awaited<ReturnType<typeof claimJob>>;

async function withReplacing(
  use: (site: MasterSite, start: (clock?: Clock) => Promise<Master>) => Promise<void>,
): Promise<void> {
  await withMasterSite((site) =>
    use(site, (clock) =>
      site.start({ scanner: { output_base: site.films }, storage: { replace: true } }, clock ?? systemClock),
    ),
  );
}

/** Hands in a result of 9 bytes; our own workers say how they verified it. */
async function handIn(site: MasterSite, job: Held, verified: string | null = "full") {
  await writeFile(join(site.films, ".vc", job.staging), "converted");
  const outputs = [{ staging: job.staging, role: "film", extension: "mp4", size: 9 }];
  const report = verified === null ? {} : { verified };
  return site.post("/api/worker/job-complete", {
    ...{ job_id: job.id, worker_id: "w1", attempt: job.attempt, outputs, report },
  });
}

async function replaceAll(site: MasterSite, master: Master, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const answer = await handIn(site, await claimJob(master, "w1"));
    expect(answer.body).toEqual({ ok: true, status: "completed" });
  }
}

async function films(site: MasterSite): Promise<string[]> {
  const all = await readdir(site.films, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(site.films.length + 1))
    .filter((path) => !path.startsWith(".vc/") || path.startsWith(".vc/originals"))
    .sort();
}

async function jobs(site: MasterSite): Promise<Record<string, string>> {
  const { body } = await site.call("/api/jobs?limit=1000");
  const all = body.jobs as { source_rel: string; status: string; reason: string | null }[];
  return Object.fromEntries(
    all.map(({ source_rel, status, reason }) => [
      source_rel,
      reason === null ? status : `${status} ${reason}`,
    ]),
  );
}

const kept = async (site: MasterSite) => (await site.call("/api/originals")).body.originals as Original[];

test("results take their films' places once, are no films of later scans, and are undone by their path", () =>
  withReplacing(async (site, start) => {
    await site.film("Show/a.mkv");
    await site.film("Show/b.mp4");
    const master = await start();
    await master.scan();
    await replaceAll(site, master, 2);
    const [a, b] = (await kept(site)).sort((one, other) => (one.source_path < other.source_path ? -1 : 1));
    if (a === undefined || b === undefined) throw new Error("two originals were to be kept");
    const below = (path: string) => path.slice(site.films.length + 1);
    expect(await films(site)).toEqual(
      [below(a.kept_path), below(b.kept_path), "Show/a.mp4", "Show/b.mp4"].sort(),
    );
    expect(await readFile(b.kept_path, "utf8")).toBe("the film Show/b.mp4");
    expect(Date.parse(a.due_at ?? "") - Date.parse(a.replaced_at)).toBe(30 * DAY_MS);
    expect(await master.scan()).toMatchObject({ files: 2, added: 0, changed: 0, unchanged: 2 });

    const undone = await site.post("/api/undo", { id: join(site.films, "Show/a.mp4") });
    expect(undone).toMatchObject({
      status: 200,
      body: { result_left: false, original: { state: "returned" } },
    });
    expect((await site.post("/api/undo", { id: b.job_id })).status).toBe(200);
    expect(await films(site)).toEqual(["Show/a.mkv", "Show/b.mp4"]);
    expect(await readFile(join(site.films, "Show/b.mp4"), "utf8")).toBe("the film Show/b.mp4");
    expect(await master.scan()).toMatchObject({ files: 2, added: 0, changed: 0, unchanged: 2 });
    expect(await jobs(site)).toEqual({ "Show/a.mkv": "cancelled undone", "Show/b.mp4": "cancelled undone" });
    expect((await site.post("/api/undo", { id: a.job_id })).body).toMatchObject({ error: "conflict" });
    expect((await site.post("/api/undo", { id: "nothing" })).body).toMatchObject({ error: "not_found" });

    await site.post(`/api/jobs/${b.job_id}/retry`, {});
    await replaceAll(site, master, 1);
    expect(await jobs(site)).toMatchObject({ "Show/b.mp4": "completed" });
    expect(await master.scan()).toMatchObject({ added: 0, changed: 0 });
  }));

test("what cannot be replaced is left alone with a reason, and taken up once that is over", () =>
  withReplacing(async (site, start) => {
    for (const name of ["linked.mkv", "closed.mkv", "clash.mkv", "clash.mp4", "pair.mkv"])
      await site.film(name);
    await link(join(site.films, "linked.mkv"), join(site.films, "second.dat"));
    await chmod(join(site.films, "closed.mkv"), 0o444);
    const master = await start();
    await master.scan();
    await site.film("pair.avi");
    await master.scan();
    const before = await jobs(site);
    expect(before).toEqual({
      "linked.mkv": "skipped not_replaceable",
      "closed.mkv": "skipped not_replaceable",
      "clash.mkv": "skipped name_taken",
      "clash.mp4": "pending",
      "pair.mkv": "pending",
      "pair.avi": "skipped name_taken",
    });
    await replaceAll(site, master, 2);
    await master.scan();
    expect(await jobs(site)).toEqual({ ...before, "clash.mp4": "completed", "pair.mkv": "completed" });
    await rm(join(site.films, "second.dat"));
    await chmod(join(site.films, "closed.mkv"), 0o644);
    await rename(join(site.films, "clash.mp4"), join(site.films, "moved.mp4"));
    await master.scan();
    expect(await jobs(site)).toMatchObject({ "linked.mkv": "pending", "closed.mkv": "pending" });
  }));

test("a film keeps its own name from another's result, and a result from a film that comes back", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    const master = await start();
    await master.scan();
    await site.film("a.mp4", "another film, which came later");
    await master.scan();
    expect(await jobs(site)).toEqual({ "a.mkv": "skipped name_taken", "a.mp4": "pending" });
    await site.film("b.mkv");
    await master.scan();
    await replaceAll(site, master, 2);
    expect(await films(site)).toEqual(expect.arrayContaining(["a.mkv", "a.mp4", "b.mp4"]));
    await site.film("b.mkv", "a new version of b");
    await master.scan();
    expect(await jobs(site)).toMatchObject({ "a.mkv": "skipped name_taken", "b.mkv": "skipped name_taken" });
    expect(await readFile(join(site.films, "b.mp4"), "utf8")).toBe("converted");
  }));

test("a newer version under a result's name is a film again, and both of its originals are kept", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mp4", "the first version");
    const master = await start();
    await master.scan();
    await replaceAll(site, master, 1);
    await site.film("a.mp4", "the second version");
    await master.scan();
    await replaceAll(site, master, 1);
    const texts = await Promise.all((await kept(site)).map(({ kept_path }) => readFile(kept_path, "utf8")));
    expect(texts.sort()).toEqual(["the first version", "the second version"]);
    await site.post("/api/undo", { id: "a.mp4" });
    expect(await readFile(join(site.films, "a.mp4"), "utf8")).toBe("the second version");
    // The first result is no longer there.
    expect((await site.post("/api/undo", { id: "a.mp4" })).body).toMatchObject({ error: "conflict" });
  }));

test("only what was verified in full takes a film's place", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    const master = await start();
    await master.scan();
    const old = await site.call("/api/worker/next-job?worker_id=old&gpu_available=false");
    expect(old.body).toMatchObject({ error: "conflict" });
    const job = await claimJob(master, "w1");
    expect(job).toMatchObject({ conversion: { verify: "full" } });
    for (const verified of ["quick", null]) {
      const held = verified === "quick" ? job : await reclaim(site, master);
      expect((await handIn(site, held, verified)).body).toEqual({ ok: true, status: "pending" });
    }
    expect(await films(site)).toEqual(["a.mkv"]);
  }));

test("what was scored besides was verified in full, too", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const conversion = { quality: "vmaf 95", verify: "measured" };
    const scanner = { output_base: site.films };
    const master = await site.start({ scanner, storage: { replace: true }, conversion });
    await master.scan();
    const job = await claimJob(master, "w1");
    const quality = { measure: "vmaf", score: 95 };
    expect(job).toMatchObject({ conversion: { verify: "measured", quality } });
    expect((await handIn(site, job, "measured")).body).toEqual({ ok: true, status: "completed" });
    expect(await films(site)).toContain("a.mp4");
  }));

async function reclaim(site: MasterSite, master: Master): Promise<Held> {
  const [job] = (await site.call("/api/jobs")).body.jobs as { id: string }[];
  await site.post(`/api/jobs/${job?.id}/retry`, {});
  return claimJob(master, "w1");
}

test("originals go when their time is over, and never where their result is gone", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    await site.film("b.mkv");
    await site.film("c.mkv");
    let master = await start();
    await master.scan();
    await replaceAll(site, master, 3);
    const purge = async (input: object) => {
      const { purged, left } = (await site.post("/api/purge", input)).body as {
        purged: Original[];
        left: { original: Original; why: string }[];
      };
      const name = ({ source_path }: Original) => source_path.slice(site.films.length + 1);
      return { purged: purged.map(name).sort(), left: left.map(({ original }) => name(original)) };
    };
    expect(await purge({})).toEqual({ purged: [], left: [] });
    await rm(join(site.films, "b.mp4"));
    const all = { purged: ["a.mkv", "c.mkv"], left: ["b.mkv"] };
    expect(await purge({ older_than_ms: 0, dry_run: true })).toEqual(all);
    expect(await kept(site)).toHaveLength(3);
    expect(await purge({ id: "b.mkv" })).toEqual({ purged: [], left: ["b.mkv"] });
    expect(await purge({ id: "c.mkv" })).toEqual({ purged: ["c.mkv"], left: [] });
    await master.stop();

    master = await start(in31Days);
    await until("the one that is due is gone", async () => (await kept(site)).length === 1);
    expect((await kept(site))[0]?.source_path).toBe(join(site.films, "b.mkv"));
    await until("people are told of the one that stays", async () => {
      const { problems } = (await site.call("/api/status")).body;
      return String(problems).includes("1 originals of replaced films are past their time");
    });
    expect(await readdir(join(site.films, ".vc/originals"))).toHaveLength(1);
    expect(await purge({ id: "b.mkv", force: true })).toEqual({ purged: ["b.mkv"], left: [] });
    expect(await readdir(join(site.films, ".vc/originals"))).toEqual([]);
  }));

test("what a master had begun to delete stays where its result is gone since", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    await site.film("b.mkv");
    let master = await start();
    await master.scan();
    await replaceAll(site, master, 2);
    await master.stop();
    const database = new Database(join(site.folder, "state", "jobs.db"));
    database.run("update originals set state = 'purging'");
    database.close();
    await rm(join(site.films, "b.mp4"));
    master = await start();
    await until("both are ended", async () => {
      const { originals } = (await site.call("/api/originals")).body;
      return (originals as Original[]).length === 1 && (await films(site)).length === 2;
    });
    expect((await kept(site))[0]?.source_path).toBe(join(site.films, "b.mkv"));
    expect((await site.post("/api/undo", { id: "b.mkv" })).status).toBe(200);
    expect(await films(site)).toEqual(["a.mp4", "b.mkv"]);
  }));

testOr(
  await noFixedFiles(),
  "what cannot be deleted is kept, may be put back, and is no longer about to be deleted",
  () =>
    withReplacing(async (site, start) => {
      await site.film("a.mkv");
      const master = await start();
      await master.scan();
      await replaceAll(site, master, 1);
      const [a] = await kept(site);
      if (a === undefined) throw new Error("an original was to be kept");
      await chattr("+i", a.kept_path);
      try {
        const purged = await site.post("/api/purge", { id: "a.mkv" });
        expect(purged.body.message).toContain("The original of a.mkv stays as it is");
        expect((await kept(site)).map(({ state }) => state)).toEqual(["kept"]);
      } finally {
        await chattr("-i", a.kept_path);
      }
      expect((await site.post("/api/undo", { id: "a.mkv" })).status).toBe(200);
    }),
);

testOr(
  await noFixedFiles(),
  "one original that cannot be deleted keeps no younger one, is told, and goes once it can",
  () =>
    withReplacing(async (site, start) => {
      for (const name of ["a.mkv", "b.mkv", "c.mkv"]) await site.film(name);
      const first = await start();
      await first.scan();
      await replaceAll(site, first, 3);
      const [oldest] = (await kept(site)).toSorted((a, b) => (a.replaced_at < b.replaced_at ? -1 : 1));
      if (oldest === undefined) throw new Error("an original was to be kept");
      await chattr("+i", oldest.kept_path);
      try {
        await first.stop();
        await start(in31Days);
        await until("the others are gone", async () => (await kept(site)).length === 1);
        await until("people are told of it", async () => {
          const { problems } = (await site.call("/api/status")).body;
          return String(problems).includes(
            `${oldest.kept_path.slice(site.films.length + 1)} cannot be deleted`,
          );
        });
        const { left } = (await site.post("/api/purge", {})).body as { left: { why: string }[] };
        expect(left.map(({ why }) => why)).toEqual(["it cannot be deleted now: operation not permitted"]);
        expect((await kept(site)).map(({ state }) => state)).toEqual(["kept"]);
      } finally {
        await chattr("-i", oldest.kept_path);
      }
      expect((await site.post("/api/purge", {})).body.left).toEqual([]);
      expect(await kept(site)).toEqual([]);
    }),
);

async function noFixedFiles(): Promise<string | null> {
  if (process.platform !== "linux") return "fixes a file, as Linux does";
  const folder = await mkdtemp(join(tmpdir(), "vc-fixed-"));
  const path = join(folder, "file");
  await writeFile(path, "");
  const fixed = (await chattr("+i", path)) && (await chattr("-i", path));
  await rm(folder, { recursive: true });
  return fixed ? null : "needs the right to fix files (chattr)";
}

async function chattr(flag: string, path: string): Promise<boolean> {
  const found = Bun.which("chattr");
  return found !== null && (await Bun.spawn([found, flag, path], { stderr: "ignore" }).exited) === 0;
}

test("without storage.replace, results in films' places are still no films, and can still be undone", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    await site.film("b.mp4");
    let master = await start();
    await master.scan();
    await replaceAll(site, master, 2);
    await master.stop();
    await mkdir(site.converted, { recursive: true });
    master = await site.start({});
    expect(await master.scan()).toMatchObject({ files: 2, added: 0, changed: 0 });
    expect((await site.post("/api/undo", { id: "a.mkv" })).status).toBe(200);
    expect((await site.post("/api/undo", { id: "b.mp4" })).status).toBe(200);
    expect(await films(site)).toEqual(["a.mkv", "b.mp4"]);
  }));

test("a film that is converted anew is not undone meanwhile", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mp4");
    const master = await start();
    await master.scan();
    await replaceAll(site, master, 1);
    await site.film("a.mp4", "a second version");
    await utimes(join(site.films, "a.mp4"), 1_700_000_000, 1_700_000_000);
    await master.scan();
    await claimJob(master, "w1");
    const refused = await site.post("/api/undo", { id: "a.mp4" });
    expect(refused.body).toMatchObject({ error: "conflict", message: expect.stringContaining("vc cancel") });
    expect(await kept(site)).toHaveLength(1);
  }));

test("what was replaced after a backup is known after its restore, and can be undone", () =>
  withReplacing(async (site, start) => {
    await site.film("a.mkv");
    await site.film("b.mp4");
    const before = await start();
    await before.scan();
    const { database } = configOf(site.folder, {});
    const { folder } = findBackups(database);
    await makeBackup({ path: database.path, folder, keep: 3, now: new Date() });
    await replaceAll(site, before, 2);
    await before.stop();
    expect(await restore(database, null)).toMatchObject({ published_since: 2 });
    const after = await start();
    expect(await after.scan()).toMatchObject({ files: 2, added: 0, changed: 0 });
    expect(await jobs(site)).toEqual({ "a.mkv": "completed", "b.mp4": "completed" });
    for (const id of ["a.mkv", "b.mp4"]) expect((await site.post("/api/undo", { id })).status).toBe(200);
    expect(await films(site)).toEqual(["a.mkv", "b.mp4"]);
  }));
