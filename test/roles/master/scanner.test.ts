import { expect, test } from "bun:test";
import { chmod, mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startMaster } from "../../../src/roles/master/index.ts";
import { outputKey } from "../../../src/roles/master/output-names.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { hostileNames } from "../../support/hostile-names.ts";
import { configOf, type MasterSite, withMasterSite } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

const needsRoot = process.getuid?.() === 0 ? null : "needs root, to read as another user";

const names = async (site: MasterSite) => {
  const { jobs } = (await site.call("/api/jobs")).body as { jobs: { source_rel: string }[] };
  return jobs.map((job) => job.source_rel).sort();
};
const problems = async (site: MasterSite) => (await site.call("/api/status")).body.problems as string[];

test("new, changed and unchanged films are told apart, case of extensions aside", () =>
  withMasterSite(async (site) => {
    for (const rel of ["a.MKV", "b.mp4", "c/d.Avi", "e.txt"]) await site.film(rel);
    const master = await site.start();
    await master.scan();
    expect(await names(site)).toEqual(["a.MKV", "b.mp4", "c/d.Avi"]);
    await site.film("a.MKV", "another cut");
    await site.film("f.mov");
    expect(await master.scan()).toMatchObject({ files: 4, added: 1, changed: 1, unchanged: 2, unsettled: 0 });
    expect(await master.scan()).toMatchObject({ files: 4, added: 0, changed: 0, unchanged: 4 });
  }));

test("the output folder inside the root is not scanned", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    await site.film("out/a.mp4");
    const master = await site.start({ scanner: { output_base: join(site.films, "out") } });
    await master.scan();
    expect(await names(site)).toEqual(["a.mkv"]);
  }));

test("a film that is still being written waits, and is queued by itself once it is not", () =>
  withMasterSite(async (site) => {
    const master = await site.start({ scanner: { settle: "3s" } });
    await site.film("old.mkv");
    await writeFile(join(site.films, "growing.mkv"), "so far");
    const future = join(site.films, "future.mkv");
    await writeFile(future, "from a machine with a wrong clock");
    await utimes(future, 4e9, 4e9);
    // The times of old.mkv are old, but its inode is new: it counts as just changed too.
    expect(await master.scan()).toMatchObject({ files: 3, added: 0, unsettled: 3 });
    expect((await site.call("/api/status")).body).toMatchObject({ scan: { files: 3, unsettled: 3 } });
    await writeFile(join(site.films, "growing.mkv"), "so far, and further");
    await until("all three are queued", async () => (await names(site)).length === 3);
    expect((await site.call("/api/status")).body).toMatchObject({ scan: { unsettled: 0 } });
  }));

test("a root that is gone or empty is a problem that clears itself, and no job is forgotten", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    expect(await problems(site)).toEqual([]);
    await rename(site.films, `${site.films}.away`);
    await expect(master.scan()).rejects.toThrow(/Is the volume mounted/);
    expect(await problems(site)).toEqual([expect.stringContaining("cannot be read")]);
    await mkdir(site.films);
    await master.scan();
    expect(await problems(site)).toEqual([expect.stringContaining("no film is left")]);
    expect(await names(site)).toEqual(["a.mkv"]);
    await rm(site.films, { recursive: true });
    await rename(`${site.films}.away`, site.films);
    expect(await master.scan()).toMatchObject({ unchanged: 1 });
    expect(await problems(site)).toEqual([]);
  }));

test("names that cannot be used are counted where people look", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    await writeFile(
      Buffer.concat([Buffer.from(`${site.films}/`), Buffer.from([0xe4]), Buffer.from(".mkv")]),
      "x",
    );
    const master = await site.start();
    await master.scan();
    expect(await problems(site)).toEqual([
      "1 name is not UTF-8 and was left out: %e4.mkv. Rename it (convmv does it).",
    ]);
    expect((await site.call("/readyz")).body).toEqual({ ready: true, problems: [] });
    expect((await site.call("/api/status")).body).toMatchObject({ scan: { unreadable: 1, files: 1 } });
  }));

testOr(
  needsRoot,
  "a folder that cannot be read stops a part of the work, and monitors are told until it can",
  () =>
    withMasterSite(async (site) => {
      await site.film("closed/a.mkv");
      await chmod(site.folder, 0o755);
      await chmod(site.films, 0o755);
      const master = await site.start();
      await chmod(join(site.films, "closed"), 0o700);
      const scanned = async () => {
        process.seteuid?.(65534);
        await master.scan().finally(() => process.seteuid?.(0));
        return site.call("/readyz");
      };
      const sentence =
        "1 folder cannot be read: closed/ (EACCES). Give the master's user the right to read and enter.";
      expect(await scanned()).toMatchObject({ status: 503, body: { ready: false, problems: [sentence] } });
      await chmod(join(site.films, "closed"), 0o755);
      expect(await scanned()).toMatchObject({ status: 200, body: { ready: true, problems: [] } });
    }),
);

test("scans asked for together become one after the one that runs", () =>
  withMasterSite(async (site) => {
    for (let i = 0; i < 30; i += 1) await site.film(`${i}/film.mkv`);
    const master = await site.start();
    const [one, two, three] = [master.scan(), master.scan(), master.scan()];
    expect(two).toBe(three);
    expect((await site.post("/api/scan", {})).body).toBeObject();
    await Promise.all([one, two]);
    const idle = async () => {
      const { scan } = (await site.call("/api/status")).body as { scan: { running: boolean } };
      return !scan.running;
    };
    await until("no scan runs", idle);
    expect((await site.post("/api/scan", {})).body).toEqual({ started: true });
  }));

test("scan_interval finds what is new by itself", () =>
  withMasterSite(async (site) => {
    const master = await site.start({ scanner: { scan_interval: "100ms" } });
    await master.scan();
    await site.film("later.mkv");
    await until("the film is found", async () => (await names(site)).includes("later.mkv"));
  }));

test("only the named sources are taken where some are named, whatever their extension", () =>
  withMasterSite(async (site) => {
    for (const rel of ["a.mkv", "b.mkv", "c.data"]) await site.film(rel);
    const log = createLogger({ level: "error", format: "text", output_path: site.logPath });
    const master = await startMaster(configOf(site.folder, {}), { log, only: ["b.mkv", "c.data"] });
    try {
      expect(await master.scan()).toMatchObject({ files: 2 });
      const { jobs } = master.coordinator.jobs({}, { wall_ms: 0, monotonic_ms: 0 });
      expect(jobs.map((job) => job.source_rel).sort()).toEqual(["b.mkv", "c.data"]);
    } finally {
      await master.stop();
    }
  }));

test(
  "2,000 hostile names go into the queue and out of it to the bit, or are reported",
  () =>
    withMasterSite(async (site) => {
      const made = hostileNames(4, 2000);
      for (const { bytes } of made) {
        const path = Buffer.concat([Buffer.from(`${site.films}/`), bytes]);
        await writeFile(path, "film");
      }
      const master = await site.start();
      const { files, unnameable } = await master.scan();
      const good = made.filter(({ utf8 }) => utf8).map(({ bytes }) => bytes.toString());
      const shown = made.filter(({ utf8 }) => !utf8).map(({ bytes }) => percentShown(bytes));
      expect(files).toBe(good.length);
      expect(unnameable.toSorted()).toEqual(shown.toSorted());
      expect(good.length + shown.length).toBe(2000);
      expect((await problems(site)).join()).toContain(`${shown.length} `);

      const orders = await claimAll(site);
      expect(orders.map(({ source_rel }) => source_rel).toSorted()).toEqual(good.toSorted());
      expect(new Set(orders.map(({ output_rel }) => outputKey(output_rel))).size).toBe(good.length);
      for (const { source_rel, source_path, output_rel, staging } of orders) {
        expect(source_path).toBe(join(site.films, source_rel));
        expect(output_rel).not.toContain("/");
        expect(Buffer.byteLength(output_rel)).toBeLessThanOrEqual(255);
        expect(staging).toMatch(/^[0-9a-z]{10}\.1\.partial\.mp4$/);
      }
    }),
  300_000,
);

const percentShown = (bytes: Buffer) =>
  [...bytes].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16)}`)).join("");

type Order = { source_rel: string; source_path: string; output_rel: string; staging: string };

/** Claims by the wire, as a worker does, until there is nothing left. */
async function claimAll(site: MasterSite): Promise<Order[]> {
  const who = { worker_id: "w", session: "s", hostname: "h", version: "1", concurrency: 64 };
  await site.post("/api/worker/register", who);
  const orders: Order[] = [];
  for (let claim = 1; ; claim++) {
    const query = `protocol=2&worker_id=w&session=s&max=64&claim_id=${claim}`;
    const reply = await site.call(`/api/worker/next-job?${query}`);
    if (reply.status === 204) return orders;
    orders.push(...(reply.body.jobs as Order[]));
  }
}
