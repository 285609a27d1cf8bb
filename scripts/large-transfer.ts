import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";

/**
 * Lets a film of zeros pass both ways, and tells how much memory that took: `bun scripts/large-transfer.ts --gb 20`. It needs
 * so much room on the disk of temporary files, and Linux. Exits with 1 where the film is not whole or memory is not flat.
 */
process.chdir(join(import.meta.dir, ".."));
const { values } = parseArgs({ options: { gb: { type: "string", default: "20" } } });
const size = Number(values.gb) * 1e9;
const MOST_MB = 120;
process.env.VC_TEST_PROGRAM ??= await build(null);
const { withSite } = await import("../test/support/site.ts");
const { until } = await import("../test/support/until.ts");

await withSite(async (site) => {
  const { bavail, bsize } = await statfs(site.folder);
  if (bavail * bsize < size * 1.2)
    throw new Error(`${site.folder} has no room for a film of ${values.gb} GB.`);
  await writeFile(join(site.films, "film.mkv"), "");
  await truncate(join(site.films, "film.mkv"), size);
  const master = await site.master({ queue: { lease: "6h" } });
  await until("the film is queued", async () => (await site.jobs()).length === 1);
  const cache = join(site.folder, "cache");
  const worker = Bun.spawn({
    cmd: [process.execPath, join(import.meta.dir, "large-transfer-worker.ts"), site.url, cache],
    ...{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  });
  // A process that has ended tells nothing any more.
  let of_worker = 0;
  const sampling = setInterval(() => {
    of_worker = peakMb(worker.pid) ?? of_worker;
  }, 500);
  const half = (name: string, begin: number) => {
    const s = (performance.now() - begin) / 1000;
    const memory = { master: peakMb(master.pid) ?? 0, worker: peakMb(worker.pid) ?? of_worker };
    const load = loadavg()[0]?.toFixed(1);
    console.log(JSON.stringify({ half: name, gb: size / 1e9, s: Math.round(s), peak_mb: memory, load }));
    for (const mb of Object.values(memory)) if (mb > MOST_MB) process.exitCode = 1;
  };
  let begin = performance.now();
  for await (const text of worker.stdout.pipeThrough(new TextDecoderStream())) {
    if (!text.includes("FETCHED")) continue;
    half("fetched", begin);
    // One film of zeros at a time is enough for the disk.
    await rm(join(cache, "films"), { recursive: true });
    begin = performance.now();
    for (const pid of [master.pid, worker.pid]) forgetPeak(pid);
    worker.stdin.write("on\n");
    await worker.stdin.flush();
    break;
  }
  await worker.exited;
  clearInterval(sampling);
  half("handed in", begin);
  const [job] = await site.jobs();
  const published = await stat(join(site.converted, job?.output_rel ?? "none")).catch(() => null);
  console.log(JSON.stringify({ status: job?.status, attempt: job?.attempt, published: published?.size }));
  if (job?.status !== "completed" || published?.size !== size) process.exitCode = 1;
});

/** The most memory that a process has had, its program's own pages among it; null once it has ended. */
function peakMb(pid: number): number | null {
  const peak = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(peak)?.[1];
  return kb === undefined ? null : Math.round(Number(kb) / 1024);
}

function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
