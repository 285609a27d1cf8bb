import type { Clock } from "../../shared/clock.ts";
import { toTimestamp } from "../../shared/clock.ts";
import { messageOf, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { Reply } from "../../shared/protocol.ts";
import type { FoundSource } from "./coordinator.ts";
import type { Problems } from "./problems.ts";
import { createSettling } from "./settling.ts";
import { emptyFolder, lookAtFile, lookAtFiles, type SeenFile, type SeenFolder, walk } from "./walk.ts";

export type ScanResult = {
  files: number;
  added: number;
  changed: number;
  unchanged: number;
  /** Of them: those that the rules leave alone from now on. */
  skipped: number;
  unsettled: number;
  /** Folders, then films, then names that no program can open. */
  unreadable: string[];
  unreadable_files: string[];
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
type AddSources = (batch: FoundSource[]) => Promise<Taken>;
type Taken = { added: number; changed: number; unchanged: number; skipped: number };
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

/** Smaller commits make a first scan wait for the disk; 5000 gain little and cost 25 MB of the master's memory. */
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
      unreadable: last === null ? 0 : countUnreadable(last),
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
    skipped: 0,
    unsettled: 0,
    unreadable: [],
    unreadable_files: [],
    unnameable: [],
  };
  const queue = createFeed(add, result);
  for await (const folder of folders(settings)) {
    if (isStopped()) throw new VcError("unavailable", "The master is stopping.");
    const settled = sift(folder.files);
    result.files += folder.files.length;
    result.unsettled += folder.files.length - settled.length;
    result.unreadable.push(...folder.unreadable);
    result.unreadable_files.push(...folder.unreadable_files);
    result.unnameable.push(...folder.unnameable);
    await queue.put(settled);
  }
  await queue.end();
  return result;
}

/** Hands sources on in batches, one while the next is read: the disk and the database work at once. */
function createFeed(add: AddSources, counts: Taken) {
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
      counts.skipped += more.skipped;
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
  // Points and blanks at the end, which some systems cannot even show, make a film no other file.
  const isFilm = (name: string) => {
    const plain = name.toLowerCase().replace(/[\s.]+$/, "");
    return extensions.some((extension) => plain.endsWith(extension));
  };
  return walk({ ...settings, isFilm });
}

async function* named(root_path: string, sources: string[]): AsyncGenerator<SeenFolder> {
  const seen = emptyFolder();
  await lookAtFiles(root_path, sources, seen);
  yield seen;
}

function countUnreadable({ unreadable, unreadable_files, unnameable }: ScanResult): number {
  return unreadable.length + unreadable_files.length + unnameable.length;
}

function report({ settings, known, problems, log }: Parts, result: ScanResult): void {
  const { unreadable, unreadable_files, unnameable, ...counts } = result;
  const emptied = result.files === 0 && known() > 0;
  const empty = `no film is left in ${settings.root_path}, but ${known()} are known; is the volume mounted? Nothing was forgotten.`;
  if (emptied) problems.set("scan.empty", empty);
  else problems.clear("scan.empty");
  if (unreadable.length > 0) problems.set("scan.unreadable", closedFolders(unreadable));
  else problems.clear("scan.unreadable");
  // A few films that are left out keep nobody from working on all the others.
  if (unreadable_files.length > 0) problems.set("scan.files", closedFiles(unreadable_files), "remark");
  else problems.clear("scan.files");
  if (unnameable.length > 0) problems.set("scan.names", badNames(unnameable), "remark");
  else problems.clear("scan.names");
  const news = result.added + result.changed + result.skipped > 0;
  log[news ? "info" : "debug"]("scan finished", { ...counts, unreadable: countUnreadable(result) });
}

function closedFolders(folders: string[]): string {
  const subject = folders.length === 1 ? "1 folder" : `${folders.length} folders`;
  return `${subject} cannot be read: ${few(folders)}. Give the master's user the right to read and enter.`;
}

function closedFiles(files: string[]): string {
  const subject = files.length === 1 ? "1 film" : `${files.length} films`;
  return `${subject} cannot be looked at: ${few(files)}. The disk or the connection to it may be damaged.`;
}

function badNames(names: string[]): string {
  const one = names.length === 1;
  const subject = one ? "1 name is not UTF-8 and was" : `${names.length} names are not UTF-8 and were`;
  return `${subject} left out: ${few(names)}. Rename ${one ? "it" : "them"} (convmv does it).`;
}

function few(names: string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown}, and ${names.length - 3} more` : shown;
}
