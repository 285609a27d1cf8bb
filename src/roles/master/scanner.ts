import type { Clock } from "../../shared/clock.ts";
import { toTimestamp } from "../../shared/clock.ts";
import { messageOf, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { Reply } from "../../shared/protocol.ts";
import type { FoundSource } from "./coordinator.ts";
import type { Problems } from "./problems.ts";
import { createSettling } from "./settling.ts";
import { lookAtFile, lookAtFiles, type SeenFile, type SeenFolder, walk } from "./walk.ts";

export type ScanResult = {
  files: number;
  added: number;
  changed: number;
  unchanged: number;
  unsettled: number;
  unreadable: string[];
  unnameable: string[];
};
export type ScannerSettings = {
  root_path: string;
  video_extensions: string[];
  recursive_depth: number;
  settle_ms: number;
  excluded_rel: string | null;
  /** Only these sources, whatever their extension; without it, the whole tree. */
  only: string[] | undefined;
};
type AddSources = (batch: FoundSource[]) => Promise<{ added: number; changed: number; unchanged: number }>;
type Parts = {
  settings: ScannerSettings;
  add: AddSources;
  /** How many sources the queue knows. */
  known: () => number;
  problems: Problems;
  log: Logger;
  clock: Clock;
};
export type Scanner = {
  /** Looks through the tree and queues what is new or changed. Throws VcError when the root or the database fails. */
  scan(): Promise<ScanResult>;
  state(): Reply<"status">["scan"];
  stop(): void;
};

const BATCH = 2000;

/** Reads the library. Nothing is ever forgotten here: a root that lost its films is reported, no more. */
export function createScanner(parts: Parts): Scanner {
  const { settings, problems } = parts;
  const settling = createSettling({ ...parts, look: (rel) => lookAtFile(settings.root_path, rel) });
  let running = false;
  let stopped = false;
  let last: (ScanResult & { at: string }) | null = null;
  return {
    async scan() {
      running = true;
      try {
        const result = await scanOnce(parts, settling.sift, () => stopped);
        last = { ...result, at: toTimestamp(parts.clock.now().wall_ms) };
        problems.clear("scan");
        report(parts, result);
        return result;
      } catch (error) {
        problems.set("scan", messageOf(error));
        throw error;
      } finally {
        running = false;
        settling.arm();
      }
    },
    state: () => ({
      running,
      last_finished_at: last?.at ?? null,
      files: last?.files ?? 0,
      unsettled: settling.count(),
      unreadable: (last?.unreadable.length ?? 0) + (last?.unnameable.length ?? 0),
    }),
    stop() {
      stopped = true;
      settling.stop();
    },
  };
}

async function scanOnce(
  { settings, add }: Parts,
  sift: (files: SeenFile[]) => FoundSource[],
  isStopped: () => boolean,
): Promise<ScanResult> {
  const result: ScanResult = {
    files: 0,
    added: 0,
    changed: 0,
    unchanged: 0,
    unsettled: 0,
    unreadable: [],
    unnameable: [],
  };
  const queue = createFeed(add, result);
  for await (const folder of folders(settings)) {
    if (isStopped()) throw new VcError("unavailable", "The master is stopping.");
    const settled = sift(folder.files);
    result.files += folder.files.length;
    result.unsettled += folder.files.length - settled.length;
    result.unreadable.push(...folder.unreadable);
    result.unnameable.push(...folder.unnameable);
    await queue.put(settled);
  }
  await queue.end();
  return result;
}

/** Hands sources on in batches, one while the next is read: the disk and the database work at once. */
function createFeed(add: AddSources, counts: { added: number; changed: number; unchanged: number }) {
  let batch: FoundSource[] = [];
  let adding: Promise<void> = Promise.resolve();
  async function flush(): Promise<void> {
    const full = batch;
    batch = [];
    await adding;
    adding = add(full).then((more) => {
      counts.added += more.added;
      counts.changed += more.changed;
      counts.unchanged += more.unchanged;
    });
    // A failure is told by the next await.
    adding.catch(() => undefined);
  }
  return {
    async put(sources: FoundSource[]) {
      batch.push(...sources);
      if (batch.length >= BATCH) await flush();
    },
    async end() {
      if (batch.length > 0) await flush();
      await adding;
    },
  };
}

function folders(settings: ScannerSettings): AsyncIterable<SeenFolder> {
  if (settings.only !== undefined) return named(settings.root_path, settings.only);
  const extensions = settings.video_extensions.map((extension) => extension.toLowerCase());
  const isFilm = (name: string) => extensions.some((extension) => name.toLowerCase().endsWith(extension));
  return walk({ ...settings, isFilm });
}

async function* named(root_path: string, sources: string[]): AsyncGenerator<SeenFolder> {
  const seen: SeenFolder = { files: [], unreadable: [], unnameable: [] };
  await lookAtFiles(root_path, sources, seen);
  yield seen;
}

function report({ settings, known, problems, log }: Parts, result: ScanResult): void {
  const { unreadable, unnameable, ...counts } = result;
  const emptied = result.files === 0 && known() > 0;
  say(
    problems,
    "scan.empty",
    emptied,
    `no film is left in ${settings.root_path}, but ${known()} are known; is the volume mounted? Nothing was forgotten.`,
  );
  say(
    problems,
    "scan.unreadable",
    unreadable.length > 0,
    `${unreadable.length} files or folders cannot be read: ${few(unreadable)}. Give the master's user the right to read them.`,
  );
  say(
    problems,
    "scan.names",
    unnameable.length > 0,
    `${unnameable.length} names are not UTF-8 and were left out: ${few(unnameable)}. Rename them (convmv does it).`,
  );
  const news = result.added + result.changed > 0;
  log[news ? "info" : "debug"]("scan finished", {
    ...counts,
    unreadable: unreadable.length + unnameable.length,
  });
}

function say(problems: Problems, key: string, is: boolean, sentence: string): void {
  if (is) problems.set(key, sentence);
  else problems.clear(key);
}

function few(names: string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown}, and ${names.length - 3} more` : shown;
}
