import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { createKeptResults } from "../../../../src/roles/worker/transfer/kept-results.ts";
import { JobOrder } from "../../../../src/shared/job.ts";
import { conversion } from "../../../ffmpeg/records.ts";

const root = await mkdtemp(join(tmpdir(), "vc-kept-"));
afterAll(() => rm(root, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  folder = join(root, crypto.randomUUID());
});

const orderOf = (id: string, attempt = 1): JobOrder =>
  v.parse(JobOrder, {
    id,
    attempt,
    kind: "film",
    status: "processing",
    created_at: "2026-01-01T00:00:00Z",
    source_path: "/a.mkv",
    output_path: "/a.mp4",
    source_rel: "a.mkv",
    output_rel: "a.mp4",
    source_size: 1,
    source_mtime_ns: "1",
    staging: `${id}.${attempt}.partial.mp4`,
    conversion: conversion({}),
  });
const result = {
  outcome: "done" as const,
  size: 4,
  container: "mp4" as const,
  beside: [{ suffix: ".1.sup", extension: "sup" as const, label: "ger", size: 3 }],
  report: { notes: ["n"] },
};

/** What an attempt leaves: its film, a file beside it, their logs. */
async function make(order: JobOrder) {
  const kept = createKeptResults(folder);
  await kept.open();
  for (const suffix of ["", ".1.sup", ".log", ".1.sup.log"])
    await writeFile(kept.target(order) + suffix, "film");
  return kept;
}

test("a finished film is found by the next process, with all that belongs to it", async () => {
  const order = orderOf("j1");
  await (await make(order)).keep(order, result);
  await make(orderOf("j2"));
  const found = await createKeptResults(folder).left();
  expect(found).toEqual([{ order, result }]);
  expect((await readdir(folder)).sort()).toEqual(
    ["", ".1.sup", ".1.sup.log", ".json", ".log"].map((suffix) => `j1.1.partial.mp4${suffix}`),
  );
});

test("what was not finished goes, and what is not vc's stays", async () => {
  const order = orderOf("j1");
  const kept = await make(order);
  await writeFile(`${kept.target(order)}.json`, '{"order":');
  await writeFile(join(folder, "mine.mkv"), "a film of the user's");
  expect(await kept.left()).toEqual([]);
  expect(await readdir(folder)).toEqual(["mine.mkv"]);
});

test("an attempt is forgotten with all its files, and no other", async () => {
  const [one, two] = [orderOf("j1", 1), orderOf("j1", 12)];
  const kept = await make(one);
  await make(two);
  await kept.keep(one, result);
  await kept.keep(two, result);
  await kept.forget(one);
  expect((await readdir(folder)).every((name) => name.startsWith("j1.12."))).toBe(true);
  expect(await kept.left()).toHaveLength(1);
});

test("a folder that does not exist holds nothing; a name that is not the attempt's is refused", async () => {
  const kept = createKeptResults(folder);
  expect(await kept.left()).toEqual([]);
  expect(() => kept.target({ ...orderOf("j1"), staging: "../../x.1.partial.mp4" })).toThrow(
    "not this attempt's",
  );
  expect(() => kept.target({ ...orderOf("j1"), staging: "j2.1.partial.mp4" })).toThrow("not this attempt's");
});
