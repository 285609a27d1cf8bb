import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { OriginalRow } from "../../../src/db/schema.ts";
import type { PublishIntent } from "../../../src/roles/master/coordinator.ts";
import { deleteOriginal, putBack, whyKept } from "../../../src/roles/master/put-back.ts";
import { replaceSource } from "../../../src/roles/master/replace.ts";
import { keptRel } from "../../../src/roles/master/replacing.ts";
import { openStorage, type Storage } from "../../../src/roles/master/storage.ts";
import { testOr } from "../../support/test-or.ts";

const needsRoot = process.getuid?.() === 0 ? null : "needs root, to give files to another user";
const KEY = { job_id: "0123456789", attempt: 1 };
const STAGED = "0123456789.1.partial.mp4";
let root: string;
let storage: Storage;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "vc-replace-"));
  await mkdir(join(root, "Show"));
  storage = await openStorage({ root_path: root, output_base: root, root: null, local: false, waiting: 0 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const at = (rel: string) => join(root, rel);
const kept = (rel: string) => keptRel({ ...KEY, source_rel: rel });

/** A film of an hour ago and its staged result; what replaces the one by the other. */
async function film(
  source_rel: string,
  output_rel = source_rel.replace(/\.\w+$/, ".mp4"),
): Promise<PublishIntent> {
  await writeFile(at(source_rel), `the original of ${source_rel}`);
  await utimes(at(source_rel), 1_700_000_000.25, 1_700_000_000.25);
  const staged = join(storage.staging_path, STAGED);
  await writeFile(staged, "the result", { mode: 0o600 });
  const { size, mtimeNs } = await lstat(at(source_rel), { bigint: true });
  return {
    ...KEY,
    source_rel,
    source_size: Number(size),
    source_mtime_ns: String(mtimeNs),
    outputs: [{ staging: STAGED, role: "film", output_rel, size: 10, previous: null }],
    stale: [],
    original: { kept_rel: kept(source_rel) },
  };
}

const run = (intent: PublishIntent) => replaceSource({ storage, output_mode: 0o644, intent });

/** All files but the master's own, by what they hold. */
async function files(): Promise<Record<string, string>> {
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  const found = all
    .filter((entry) => entry.isFile() && entry.name !== "canary")
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(found.map(async (path) => [path.slice(root.length + 1), await readFile(path, "utf8")])),
  );
}

describe("subtitles beside a film", () => {
  async function withSubtitles(): Promise<PublishIntent> {
    const intent = await film("Show/a.mkv");
    const staging = `${STAGED}.1.sup`;
    await writeFile(join(storage.staging_path, staging), "texts");
    const output_rel = "Show/a.ger.sup";
    const beside = { staging, role: "subtitle" as const, output_rel, size: 5, previous: null };
    return { ...intent, outputs: [...intent.outputs, beside] };
  }

  test("come with its result", async () => {
    const intent = await withSubtitles();
    const placed = await run(intent);
    expect(placed).toMatchObject({
      state: "placed",
      published: [{ output_rel: "Show/a.mp4" }, { output_rel: "Show/a.ger.sup", size: 5 }],
    });
    expect(await files()).toEqual({
      "Show/a.mp4": "the result",
      "Show/a.ger.sup": "texts",
      [kept("Show/a.mkv")]: "the original of Show/a.mkv",
    });
    expect(await run(intent)).toEqual(placed);
  });

  test("go again where the film cannot be replaced", async () => {
    const intent = await withSubtitles();
    await writeFile(at("Show/a.mp4"), "another's");
    expect(await run(intent)).toMatchObject({ state: "failed", reason: "name_taken" });
    const left = await files();
    expect(left["Show/a.ger.sup"]).toBeUndefined();
    expect(left["Show/a.mkv"]).toBe("the original of Show/a.mkv");
  });
});

describe.each([
  ["with another extension", "Show/a.mkv", "Show/a.mp4"],
  ["with the same name", "Show/a.mp4", "Show/a.mp4"],
])("a film %s", (_, source_rel, output_rel) => {
  const original = `the original of ${source_rel}`;

  test("is replaced, and lies in quarantine, with its path", async () => {
    const intent = await film(source_rel);
    const before = await lstat(at(source_rel));
    const placed = await run(intent);
    expect(placed).toMatchObject({
      state: "placed",
      original_kept: true,
      published: [{ output_rel, size: 10 }],
    });
    expect(await files()).toEqual({ [output_rel]: "the result", [kept(source_rel)]: original });
    const after = await lstat(at(output_rel));
    expect(after.mtimeMs).toBeCloseTo(before.mtimeMs, 2);
    expect((await lstat(at(kept(source_rel)))).mtimeMs).toBe(before.mtimeMs);
    expect((await lstat(at(".vc/originals"))).mode & 0o777).toBe(0o700);
    expect(await run(intent)).toEqual(placed);
  });

  testOr(needsRoot, "hands its permissions and its owner on", async () => {
    const intent = await film(source_rel);
    await chmod(at(source_rel), 0o664);
    await chown(at(source_rel), 4321, 1234);
    await run(intent);
    expect(await lstat(at(output_rel))).toMatchObject({ uid: 4321, gid: 1234, mode: 0o100664 });
    expect(await lstat(at(kept(source_rel)))).toMatchObject({ uid: 4321, gid: 1234, mode: 0o100664 });
  });

  test("that has changed is not replaced, and the new version stays", async () => {
    const intent = await film(source_rel);
    await writeFile(at(source_rel), "a new version");
    expect(await run(intent)).toMatchObject({
      state: "failed",
      outcome: "requeue",
      reason: "source_changed",
    });
    expect(await files()).toMatchObject({ [source_rel]: "a new version" });
  });

  test("whose result is half or gone is not replaced", async () => {
    const intent = await film(source_rel);
    await writeFile(join(storage.staging_path, STAGED), "the res");
    expect(await run(intent)).toMatchObject({ state: "failed", outcome: "retry", reason: "output_missing" });
    await rm(join(storage.staging_path, STAGED));
    expect(await run(intent)).toMatchObject({ state: "failed", outcome: "retry", reason: "output_missing" });
    expect(await files()).toEqual({ [source_rel]: original });
  });

  test("that got a second name meanwhile is not replaced", async () => {
    const intent = await film(source_rel);
    await link(at(source_rel), at("elsewhere.mkv"));
    const failed = await run(intent);
    expect(failed).toMatchObject({ state: "failed", outcome: "permanent", reason: "not_replaceable" });
    expect(await files()).toMatchObject({ [source_rel]: original, "elsewhere.mkv": original });
  });

  test("behind a folder that became a symlink is not touched", async () => {
    const intent = await film(source_rel);
    await rename(at("Show"), at("Real"));
    await symlink("Real", at("Show"));
    expect(await run(intent)).toMatchObject({ state: "failed", reason: "source_changed" });
    expect((await files())[source_rel.replace("Show", "Real")]).toBe(original);
  });

  test("whose result has a second name is not replaced by it, and lies where it lay", async () => {
    const intent = await film(source_rel);
    const staged = join(storage.staging_path, STAGED);
    await link(staged, at("elsewhere"));
    const failed = await run(intent);
    expect(failed).toMatchObject({ state: "failed", outcome: "retry", reason: "output_missing" });
    expect(failed).toMatchObject({ message: expect.stringContaining("2 names") });
    expect(await files()).toEqual({ [source_rel]: original, elsewhere: "the result" });
    expect((await lstat(at(source_rel))).nlink).toBe(1);
    await writeFile(staged, "the result");
    expect(await run(intent)).toMatchObject({ state: "placed", original_kept: true });
  });

  test("whose folder became a symlink when it lay in quarantine stays there, and is known to", async () => {
    const intent = await film(source_rel);
    await mkdir(dirname(at(kept(source_rel))), { recursive: true });
    await rename(at(source_rel), at(kept(source_rel)));
    await rename(at("Show"), at("Real"));
    await symlink("Real", at("Show"));
    const failed = await run(intent);
    expect(failed).toMatchObject({ state: "failed", reason: "not_replaceable", original_kept: true });
    expect(await files()).toMatchObject({ [kept(source_rel)]: original });
    expect(await readdir(at("Real"))).toEqual([]);
  });

  test("is not put where others may have laid something under the quarantine's name", async () => {
    const intent = await film(source_rel);
    await mkdir(at("trap"));
    await symlink(at("trap"), at(".vc/originals"));
    await expect(run(intent)).rejects.toMatchObject({ code: "storage" });
    expect((await files())[source_rel]).toBe(original);
    expect(await readdir(at("trap"))).toEqual([]);
  });
});

test("a name that is taken stays with whom it belongs to", async () => {
  const intent = await film("Show/a.mkv");
  await writeFile(at("Show/a.mp4"), "another film");
  expect(await run(intent)).toMatchObject({ state: "failed", outcome: "permanent", reason: "name_taken" });
  expect(await files()).toMatchObject({
    "Show/a.mkv": "the original of Show/a.mkv",
    "Show/a.mp4": "another film",
  });
});

test("a film whose result's name is too long for the file system stays, with a sentence", async () => {
  const long = `${"x".repeat(252)}.ts`;
  const failed = await run(await film(long, long.replace(".ts", ".mp4")));
  expect(failed).toMatchObject({ state: "failed", outcome: "permanent", reason: "unsupported" });
  expect(await files()).toEqual({ [long]: `the original of ${long}` });
});

test("a result that is already named goes again when its source has changed since", async () => {
  const intent = await film("Show/a.mkv");
  await rename(join(storage.staging_path, STAGED), at("Show/a.mp4"));
  await writeFile(at("Show/a.mkv"), "a new version");
  expect(await run(intent)).toMatchObject({ state: "failed", reason: "source_changed" });
  expect(await files()).toEqual({ "Show/a.mkv": "a new version" });
});

/** The record of a replaced film. */
async function record(intent: PublishIntent): Promise<OriginalRow> {
  const [output] = intent.outputs;
  if (output === undefined) throw new Error("no output");
  const { size, mtimeNs } = await lstat(at(output.output_rel), { bigint: true });
  return {
    ...KEY,
    source_rel: intent.source_rel,
    kept_rel: kept(intent.source_rel),
    size: intent.source_size,
    mtime_ns: intent.source_mtime_ns,
    output_rel: output.output_rel,
    output_key: output.output_rel.toLowerCase(),
    output_size: Number(size),
    output_mtime_ns: String(mtimeNs),
    state: "kept",
    replaced_ms: 0,
    ended_ms: null,
  };
}

async function replaced(source_rel: string): Promise<OriginalRow> {
  const intent = await film(source_rel);
  await run(intent);
  return record(intent);
}

describe.each([
  ["with another extension", "Show/a.mkv", "Show/a.mp4"],
  ["with the same name", "Show/a.mp4", "Show/a.mp4"],
])("a replaced film %s", (_, source_rel, output_rel) => {
  const original = `the original of ${source_rel}`;

  test("is put back, its result goes, and the quarantine is empty", async () => {
    const row = await replaced(source_rel);
    expect(await putBack(storage, row)).toEqual({ state: "returned", result_left: false });
    expect(await files()).toEqual({ [source_rel]: original });
    expect(String((await lstat(at(source_rel), { bigint: true })).mtimeNs)).toBe(row.mtime_ns);
    expect(await readdir(at(".vc/originals"))).toEqual([]);
    expect(await putBack(storage, row)).toEqual({ state: "returned", result_left: false });
  });

  test("is put back where result and folder were deleted", async () => {
    const row = await replaced(source_rel);
    await rm(at("Show"), { recursive: true });
    expect(await putBack(storage, row)).toEqual({ state: "returned", result_left: false });
    expect(await files()).toEqual({ [source_rel]: original });
  });

  test("is not put back over another file, nor out of an empty or changed quarantine", async () => {
    const row = await replaced(source_rel);
    await writeFile(at(source_rel), "another film");
    expect(await putBack(storage, row)).toMatchObject({ state: "refused" });
    expect(await files()).toMatchObject({ [source_rel]: "another film", [row.kept_rel]: original });
    await rm(at(source_rel));
    await writeFile(at(row.kept_rel), "not what was put there");
    expect(await putBack(storage, row)).toMatchObject({ state: "refused" });
    await rm(at(row.kept_rel));
    expect(await putBack(storage, row)).toMatchObject({ state: "refused" });
    expect((await files())[row.kept_rel]).toBeUndefined();
  });

  test("is not put back through a symlink", async () => {
    const row = await replaced(source_rel);
    await rename(at("Show"), at("Real"));
    await symlink("Real", at("Show"));
    expect(await putBack(storage, row)).toMatchObject({ state: "refused" });
    expect((await files())[row.kept_rel]).toBe(original);
  });

  test("loses its original only while its result stands there as it was made", async () => {
    const row = await replaced(source_rel);
    await rename(at(output_rel), at("away"));
    expect(await whyKept(storage, row, false)).toContain("is gone");
    await writeFile(at(output_rel), "the resul?");
    expect(await whyKept(storage, row, false)).toContain("changed");
    expect(await whyKept(storage, row, true)).toBeNull();
    await rename(at("away"), at(output_rel));
    expect(await whyKept(storage, row, false)).toBeNull();
    await deleteOriginal(storage, row);
    await deleteOriginal(storage, row);
    expect(await files()).toEqual({ [output_rel]: "the result" });
    expect(await readdir(at(".vc/originals"))).toEqual([]);
  });

  test("keeps what lies in quarantine in its original's place", async () => {
    const row = await replaced(source_rel);
    await writeFile(at(row.kept_rel), "something else");
    expect(await whyKept(storage, row, true)).toContain("not the file");
  });
});

test("a result that was changed is left beside the original that came back", async () => {
  const row = await replaced("Show/a.mkv");
  await writeFile(at("Show/a.mp4"), "tagged by a person");
  expect(await putBack(storage, row)).toEqual({ state: "returned", result_left: true });
  expect(await files()).toEqual({
    "Show/a.mkv": "the original of Show/a.mkv",
    "Show/a.mp4": "tagged by a person",
  });
});

test("while the library is not mounted, nothing is put back or deleted", async () => {
  const row = await replaced("Show/a.mkv");
  await rename(root, `${root}-away`);
  await mkdir(root);
  await expect(putBack(storage, row)).rejects.toMatchObject({ code: "storage" });
  await expect(whyKept(storage, row, true)).rejects.toMatchObject({ code: "storage" });
  // A master that was started meanwhile has made its own folder there.
  const bare = { root_path: root, output_base: root, root: null, local: false, waiting: 0 };
  await expect(whyKept(await openStorage(bare), row, false)).rejects.toThrow("is the volume mounted?");
  await rm(root, { recursive: true });
  await rename(`${root}-away`, root);
  expect((await files())[row.kept_rel]).toBe("the original of Show/a.mkv");
  expect(dirname(row.kept_rel)).toBe(".vc/originals/0123456789.1/Show");
});
