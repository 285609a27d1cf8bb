import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Site, withSite } from "../test/support/site.ts";
import { until } from "../test/support/until.ts";
import type { Figure } from "./bench.ts";

const FILES = 100_000;
const PER_FOLDER = 200;

/** A large library queued and scanned again, beside find over the same tree; and the master's memory then. */
export async function benchScan(): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withSite(async (site) => {
    makeTree(site.films);
    const find = Math.min(timeFind(site.films), timeFind(site.films), timeFind(site.films));
    const begin = Date.now();
    const master = await site.master({ scanner: { scan_interval: "0" }, logging: { level: "info" } });
    const first = (await scanEnd(site, begin)) - begin;
    const again_begin = Date.now();
    await site.post("/api/scan");
    const again = (await scanEnd(site, again_begin)) - again_begin;
    await site.get("/api/jobs?limit=1000");
    await site.get("/api/stats");
    const memory = memoryMb(master.pid);
    figures.push(
      compare("100,000 new files queued, against find", { first, find, most: 10 }),
      compare("100,000 unchanged files scanned again, against find", { first: again, find, most: 5 }),
      {
        name: "master's memory with 100,000 jobs",
        found: `${memory.now.toFixed(0)} MB (at most ${memory.peak.toFixed(0)} MB)`,
        aim: "150 MB",
        met: memory.peak < 150,
      },
    );
  });
  return figures;
}

function makeTree(root: string): void {
  for (let file = 0; file < FILES; file++) {
    const folder = join(root, `series ${Math.floor(file / PER_FOLDER)}`);
    if (file % PER_FOLDER === 0) mkdirSync(folder);
    writeFileSync(join(folder, `episode ${file}.mkv`), "");
  }
}

function timeFind(root: string): number {
  const begin = performance.now();
  Bun.spawnSync({ cmd: ["find", root, "-printf", "%p %s %T@\n"], stdio: ["ignore", "ignore", "inherit"] });
  return performance.now() - begin;
}

/** When the first scan that ended after `since` ended, by the master's own clock (Unix ms). */
async function scanEnd(site: Site, since: number): Promise<number> {
  return until(
    "the scan has ended",
    async () => {
      const { scan, total } = (await site.get("/api/status")).body as {
        scan: { running: boolean; last_finished_at: string | null };
        total: number;
      };
      const end = Date.parse(scan.last_finished_at ?? "");
      return !scan.running && end >= since && total === FILES && end;
    },
    { deadline_ms: 300_000, every_ms: 100 },
  );
}

function compare(name: string, { first, find, most }: { first: number; find: number; most: number }): Figure {
  return {
    name,
    found: `${(first / find).toFixed(1)} times (${first.toFixed(0)} ms, ${find.toFixed(0)} ms)`,
    aim: `${most} times`,
    met: first <= most * find,
  };
}

/** From /proc: only Linux tells. */
function memoryMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { now: read("VmRSS"), peak: read("VmHWM") };
}
