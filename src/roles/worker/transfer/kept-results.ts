import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { CONTAINERS } from "../../../shared/conversion.ts";
import { AttemptReport, BESIDE_EXTENSIONS, JobOrder, parseStagingName } from "../../../shared/job.ts";
import type { AttemptResult } from "../messages.ts";
import { stagingOf } from "../workspace.ts";
import { proveFolder } from "./own-folder.ts";

export type Done = Extract<AttemptResult, { outcome: "done" }>;
/** A finished film that its worker had not handed in when it ended. */
export type KeptResult = { order: JobOrder; result: Done };

/** The folder for results on their way to the master: each with a record of whose it is, once it is finished. */
export type KeptResults = {
  /** Makes the folder, and proves that it can be used. Resolves with its path. Throws VcError failed. */
  open(): Promise<string>;
  /** Where the film of an order is to be made. Throws for a staging file that is not the attempt's. */
  target(order: JobOrder): string;
  /** The film is finished: another process may hand it in. */
  keep(order: JobOrder, result: Done): Promise<void>;
  /** What an earlier process has left to be handed in; everything else that it left is deleted. */
  left(): Promise<KeptResult[]>;
  /** Deletes all that belongs to an attempt. */
  forget(order: JobOrder): Promise<void>;
};

const Kept = v.object({
  order: JobOrder,
  result: v.object({
    outcome: v.literal("done"),
    size: v.number(),
    container: v.picklist(CONTAINERS),
    beside: v.array(
      v.object({
        suffix: v.string(),
        extension: v.picklist(BESIDE_EXTENSIONS),
        label: v.string(),
        size: v.number(),
      }),
    ),
    report: AttemptReport,
  }),
});

export function createKeptResults(folder: string): KeptResults {
  const target = (order: JobOrder) => join(folder, stagingOf(order));
  return {
    target,
    async open() {
      await proveFolder(folder);
      return folder;
    },
    async keep(order, result) {
      const draft = await open(`${target(order)}.draft`, "w", 0o600);
      try {
        await draft.writeFile(JSON.stringify({ order, result }));
        await draft.sync();
      } finally {
        await draft.close();
      }
      await rename(`${target(order)}.draft`, `${target(order)}.json`);
    },
    async left() {
      const names = await readdir(folder).catch(() => []);
      const found = await Promise.all(names.filter(isRecord).map((name) => readKept(join(folder, name))));
      const kept = found.filter((one) => one !== null);
      const wanted = kept.map(({ order }) => order.staging);
      for (const name of names) {
        const isOurs = parseStagingName(name) !== null;
        if (isOurs && !wanted.some((staging) => belongsTo(name, staging))) await rm(join(folder, name));
      }
      return kept;
    },
    async forget(order) {
      const names = await readdir(folder).catch(() => []);
      // The record first: without it the rest is nothing that anybody would hand in.
      for (const name of names.filter((name) => belongsTo(name, order.staging)).sort(recordFirst))
        await rm(join(folder, name), { force: true });
    },
  };
}

function belongsTo(name: string, staging: string): boolean {
  return name === staging || name.startsWith(`${staging}.`);
}

function isRecord(name: string): boolean {
  return parseStagingName(name) !== null && name.endsWith(".json");
}

function recordFirst(a: string, b: string): number {
  return Number(b.endsWith(".json")) - Number(a.endsWith(".json"));
}

async function readKept(path: string): Promise<KeptResult | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  const record = v.safeParse(Kept, parseJson(text));
  return record.success ? record.output : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
