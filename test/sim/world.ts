import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** A film in the library, and what lies in the output tree: contents are stood for by who made them of what. */
export type Made = { source_rel: string; version: number; job_id: string; attempt: number };

/** What the whole simulation shares. */
export type World = {
  random: Random;
  timeline: Timeline;
  /** While true, messages get lost, workers die, the master restarts, commits fail. */
  faulty: boolean;
  /** Every film that there ever is. */
  names: string[];
  /** The longest that a conversion takes. */
  longest_ms: number;
  /** The disk of staging files and results. */
  libraryFull: boolean;
  /** Source -> version; a version stands for size and mtime. */
  sources: Map<string, number>;
  /** Staging files by name, results by output_rel. */
  staging: Map<string, Made>;
  results: Map<string, Made & { size: number; mtime_ns: string }>;
  log: string[];
  note: (line: string) => void;
  /** How often rare things happened, to know that the simulation reaches them. */
  seen: Map<string, number>;
  count: (what: string) => void;
  fail: (what: string) => never;
};

const KEPT_LINES = 60;

export function createWorld(
  random: Random,
  timeline: Timeline,
  of: Pick<World, "longest_ms" | "names">,
): World {
  const log: string[] = [];
  const note = (line: string) => {
    log.push(`${(timeline.now() / 1000).toFixed(2)} ${line}`);
    if (log.length > KEPT_LINES) log.shift();
  };
  const seen = new Map<string, number>();
  return {
    random,
    timeline,
    faulty: true,
    ...of,
    libraryFull: false,
    sources: new Map(),
    staging: new Map(),
    results: new Map(),
    log,
    note,
    seen,
    count: (what) => seen.set(what, (seen.get(what) ?? 0) + 1),
    fail: (what) => {
      throw new Error(what);
    },
  };
}

export const sizeOf = (version: number): number => 1000 + version;
export const mtimeOf = (version: number): string => `17000000000000000${version}`;
