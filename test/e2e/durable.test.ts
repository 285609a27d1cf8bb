import { expect } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFilm } from "../support/films.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { until } from "../support/until.ts";

/** No test can take the power away, but the kernel is asked for durability in system calls, and those can be read. */
const noStrace = Bun.which("strace") === null ? "strace is not installed" : null;

siteTest(
  noStrace,
  "a film, its name, and what the queue says of them reach the disk in this order",
  async (site) => {
    await makeFilm(join(site.films, "Show", "film.mkv"), { duration_s: 1 });
    const master = await site.master();
    const stop = await watch(site, master.pid);
    await site.worker("worker", { prefix: [...strace(join(site.folder, "worker.calls"))] });
    await site.settled(1);
    await stop();

    const calls = [
      ...(await read(join(site.folder, "worker.calls"))),
      ...(await read(join(site.folder, "master.calls"))),
    ].sort((a, b) => a.at - b.at);
    const first = (what: string, from: number, fits: (call: Call) => boolean) => {
      const found = calls.findIndex((call, n) => n > from && fits(call));
      expect({ what, found: found >= 0 }).toEqual({ what, found: true });
      return found;
    };
    const syncs = (path: string) => (call: Call) =>
      /^f(data)?sync$/.test(call.name) && call.text.includes(path);
    const commits = syncs("jobs.db-wal>");
    const named = (call: Call) =>
      /^(link|rename)/.test(call.name) && call.text.includes(".partial.") && call.text.includes("film.mp4");

    const data = first("the film's data", -1, syncs(".partial.mp4>"));
    const intent = first("the intent to publish", data, commits);
    const name = first("the name", intent, named);
    const folder = first("the folder with the name", name, syncs("/converted/Show>"));
    const above = first("the folder with the new folder", name, syncs("/converted>"));
    const noted = first("its line beside the backups", Math.max(folder, above), syncs("jobs-published-"));
    first("that it is completed", noted, commits);
    // Nothing was named before its data and the intent were safe.
    expect(calls.findIndex(named)).toBe(name);
  },
);

siteTest(noStrace, "a replaced film, its original, and what the queue says of them, too", async (site) => {
  for (const name of ["one.mkv", "two.mp4"])
    await makeFilm(join(site.films, "Show", name), { duration_s: 1 });
  const master = await site.master({
    scanner: { output_base: site.films },
    storage: { replace: true },
  });
  const stop = await watch(site, master.pid);
  await site.worker("worker");
  await site.settled(2);
  await stop();

  const calls = await read(join(site.folder, "master.calls"));
  const first = (what: string, from: number, fits: (call: Call) => boolean) => {
    const found = calls.findIndex((call, n) => n > from && fits(call));
    expect({ what, found: found >= 0 }).toEqual({ what, found: true });
    return found;
  };
  const syncs = (path: string) => (call: Call) =>
    /^f(data)?sync$/.test(call.name) && call.text.includes(path);
  const commits = syncs("jobs.db-wal>");
  const moves = (from: string, to: string) => (call: Call) => {
    const [, one = "", other = ""] = /"([^"]+)"[^"]*"([^"]+)"/.exec(call.text) ?? [];
    return /^(link|rename)/.test(call.name) && one.includes(from) && other.includes(to);
  };

  // With another extension: the result stands durably beside its source before that goes, and both are durable then.
  const named = first("the result's name", -1, moves(".partial.", "/one.mp4"));
  const stands = first("the folder with it", named, syncs("/films/Show>"));
  const kept = first("the original's way into quarantine", -1, moves("/one.mkv", "/one.mkv"));
  expect(kept).toBeGreaterThan(stands);
  const there = first("the folder in quarantine", kept, syncs("/Show>"));
  const above = first("the folder of quarantine", kept, syncs("/films/.vc/originals>"));
  const left = first("the folder without it", kept, syncs("/films/Show>"));
  first("that it is completed", Math.max(there, above, left), commits);

  // With the same name: the original has a second name, durably, before the result is put over the first.
  const second = first("the original's second name", -1, moves("/two.mp4", "/two.mp4"));
  const safe = first("the folder of quarantine", second, syncs("/films/.vc/originals>"));
  const over = first("the result over the first", -1, moves(".partial.", "/two.mp4"));
  expect(over).toBeGreaterThan(safe);
  first("that it is completed", first("the folder with it", over, syncs("/films/Show>")), commits);
});

type Call = { at: number; name: string; text: string };

function strace(log: string): string[] {
  const calls = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat";
  return ["strace", "-f", "-y", "-ttt", "-s", "4096", "-e", calls, "-e", "signal=none", "-o", log];
}

/** Watches a running process; resolves with how to end it. */
async function watch(site: Site, pid: number): Promise<() => Promise<void>> {
  const child = Bun.spawn([...strace(join(site.folder, "master.calls")), "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  void (async () => {
    for await (const piece of child.stderr) said += new TextDecoder().decode(piece);
  })();
  await until("strace is attached", async () => said.includes("attached"));
  return async () => {
    child.kill("SIGINT");
    await child.exited;
  };
}

/** Completed calls; one that another thread interrupted stands where it ended. */
async function read(path: string): Promise<Call[]> {
  const open = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    const [, thread = "", at = "", rest = ""] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    if (rest.endsWith("<unfinished ...>")) open.set(thread, rest.replace(" <unfinished ...>", ""));
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const text = resumed === undefined ? rest : `${open.get(thread) ?? ""}${resumed}`;
    const name = /^(\w+)\(/.exec(text)?.[1];
    if (name !== undefined && / = 0$/.test(text)) calls.push({ at: Number(at), name, text });
  }
  return calls;
}
