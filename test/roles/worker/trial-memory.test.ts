import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tried } from "../../../src/ffmpeg/trial.ts";
import { recallTrials, rememberTrials } from "../../../src/roles/worker/trial-memory.ts";

let folder: string;
let place: { file: string; key: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-trial-memory-"));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  await rm(join(folder, "deep"), { recursive: true, force: true });
  place = { file: join(folder, "deep", "capabilities.json"), key: "ffmpeg 9" };
});

const trial: Tried["trial"] = { stage: "audio", device: null, known: null, codec: "aac", encoder: "aac" };
const tried = (key: string, why: string | null, ran = true): Tried => ({
  ...{ trial, key, ran },
  outcome: { why, said: why, hung: false },
});
const recall = async (given: Partial<typeof place> = {}, fresh = false) =>
  Object.fromEntries(
    [...(await recallTrials({ ...place, ...given }, { fresh }))].map(([key, { why }]) => [key, why]),
  );

test("answers come back, those of an earlier run among them; what was not run is no answer", async () => {
  await rememberTrials(place, [tried("a", null), tried("b", "no"), tried("c", "known", false)]);
  await rememberTrials(place, [tried("b", null), tried("a", "never", false)]);
  expect(await recall()).toEqual({ a: null, b: null });
  expect(await readdir(join(folder, "deep"))).toEqual(["capabilities.json"]);
});

test("another ffmpeg starts anew, and so does who asks for it", async () => {
  await rememberTrials(place, [tried("a", null)]);
  expect(await recall({ key: "ffmpeg 10" })).toEqual({});
  expect(await recall({}, true)).toEqual({});
  await rememberTrials({ ...place, key: "ffmpeg 10" }, [tried("b", null)]);
  expect(await recall({ key: "ffmpeg 10" })).toEqual({ b: null });
  expect(await recall()).toEqual({});
});

test("what failed is forgotten after a day, what worked is not", async () => {
  await rememberTrials(place, [tried("a", null), tried("b", "no")]);
  expect(await recall()).toEqual({ a: null, b: "no" });
  const written = await readFile(place.file, "utf8");
  const yesterday = new Date(Date.now() - 25 * 3_600_000).toISOString();
  await writeFile(place.file, written.replaceAll(/"tried_at":"[^"]*"/g, `"tried_at":"${yesterday}"`));
  expect(await recall()).toEqual({ a: null });
});

test.each(["", "no JSON", '{"key":"ffmpeg 9","encoders":[]}'])(
  "a file with %p is as good as none",
  async (text) => {
    await rememberTrials(place, [tried("a", null)]);
    await writeFile(place.file, text);
    expect(await recall()).toEqual({});
  },
);

test("a place that cannot be written costs nothing but time", async () => {
  await writeFile(join(folder, "file"), "");
  const file = join(folder, "file", "capabilities.json");
  await rememberTrials({ ...place, file }, [tried("a", null)]);
  expect(await recall({ file })).toEqual({});
});
