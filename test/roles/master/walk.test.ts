import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAtFile, type SeenFolder, type WalkOptions, walk } from "../../../src/roles/master/walk.ts";
import { testOr } from "../../support/test-or.ts";

const needsRoot = process.getuid?.() === 0 ? null : "needs root, to read as another user";
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "vc-walk-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function film(rel: string): Promise<void> {
  await mkdir(join(root, rel, ".."), { recursive: true });
  await writeFile(join(root, rel), rel);
}

async function seen(options: Partial<WalkOptions> = {}): Promise<SeenFolder & { names: string[] }> {
  const all: SeenFolder = { files: [], unreadable: [], unreadable_files: [], unnameable: [] };
  const isFilm = (name: string) => name.toLowerCase().endsWith(".mkv");
  for await (const folder of walk({
    root_path: root,
    recursive_depth: -1,
    isFilm,
    excluded_rel: null,
    ...options,
  })) {
    all.files.push(...folder.files);
    all.unreadable.push(...folder.unreadable);
    all.unreadable_files.push(...folder.unreadable_files);
    all.unnameable.push(...folder.unnameable);
  }
  return { ...all, names: all.files.map((file) => file.source_rel).sort() };
}

test("finds each film of many folders once, however deep and wide they are", async () => {
  const films = ["wide", "wide/a", "b/c/d/e"].flatMap((folder) =>
    Array.from({ length: 30 }, (_, number) => `${folder}/${number}/film ${number}.mkv`),
  );
  for (const name of films) await film(name);
  expect((await seen()).names).toEqual(films.sort());
});

test("finds films whatever their names, and nothing else", async () => {
  const films = [
    "A.MKV",
    "Süden/ä ö.mkv",
    "a/b/c/d.mkv",
    "new\nline.mkv",
    `${"n".repeat(251)}.mkv`,
    "-y.mkv",
    "a|b%03d.mkv",
    "\uFFFD.mkv",
  ];
  for (const name of [...films, "a.txt", "mkv", ".hidden.mkv", ".folder/x.mkv", "a/.git/y.mkv"])
    await film(name);
  await mkdir(join(root, "folder.mkv"));
  const result = await seen();
  expect(result.names).toEqual(films.toSorted());
  expect({ unreadable: result.unreadable, unnameable: result.unnameable }).toEqual({
    unreadable: [],
    unnameable: [],
  });
});

test("symlinks are not followed, so loops end", async () => {
  await film("a/real.mkv");
  await symlink(root, join(root, "a", "loop"));
  await symlink(join(root, "a", "real.mkv"), join(root, "link.mkv"));
  await symlink("/nowhere", join(root, "dangling.mkv"));
  expect((await seen()).names).toEqual(["a/real.mkv"]);
  expect(await lookAtFile(root, "link.mkv")).toBeNull();
  expect(await lookAtFile(root, "a/real.mkv")).toMatchObject({ source_rel: "a/real.mkv" });
});

test.each([
  [0, ["0.mkv"]],
  [1, ["0.mkv", "a/1.mkv"]],
  [2, ["0.mkv", "a/1.mkv", "a/b/2.mkv"]],
  [-1, ["0.mkv", "a/1.mkv", "a/b/2.mkv", "a/b/c/3.mkv"]],
])("recursive_depth %i", async (recursive_depth, names) => {
  for (const rel of ["0.mkv", "a/1.mkv", "a/b/2.mkv", "a/b/c/3.mkv"]) await film(rel);
  expect((await seen({ recursive_depth })).names).toEqual(names);
});

test("the output tree is left out, folders of the same name elsewhere are not", async () => {
  for (const rel of ["converted/x.mkv", "a/converted/y.mkv", "converted2/z.mkv"]) await film(rel);
  expect((await seen({ excluded_rel: "converted" })).names).toEqual([
    "a/converted/y.mkv",
    "converted2/z.mkv",
  ]);
});

test("names that are not UTF-8 are named, whether folders or films", async () => {
  const raw = (...bytes: number[]) => Buffer.concat([Buffer.from(`${root}/a/`), Buffer.from(bytes)]);
  await film("a/good.mkv");
  await mkdir(raw(0xe4));
  await writeFile(raw(0xfc, 0x2e, 0x6d, 0x6b, 0x76), "a film");
  await writeFile(raw(0xff, 0x2e, 0x74, 0x78, 0x74), "no film");
  const result = await seen();
  expect(result.names).toEqual(["a/good.mkv"]);
  expect(result.unnameable.toSorted()).toEqual(["a/%e4", "a/%fc.mkv"]);
});

test("sizes and times are exact", async () => {
  await film("a.mkv");
  const [file] = (await seen()).files;
  expect(file?.size).toBe(5);
  expect(file?.mtime_ns).toMatch(/^\d{19}$/);
  expect(file).toEqual((await lookAtFile(root, "a.mkv")) ?? undefined);
  expect(await lookAtFile(root, "b.mkv")).toBeNull();
  expect(await lookAtFile(root, "a.mkv/c.mkv")).toBeNull();
});

testOr(needsRoot, "a folder that may not be read is named, the rest is found", async () => {
  await film("a/secret.mkv");
  await film("b/open.mkv");
  await chmod(root, 0o755);
  await chmod(join(root, "a"), 0o700);
  process.seteuid?.(65534);
  try {
    const result = await seen();
    expect(result.names).toEqual(["b/open.mkv"]);
    expect(result.unreadable).toEqual(["a/ (EACCES)"]);
  } finally {
    process.seteuid?.(0);
  }
});

testOr(needsRoot, "a folder that may be read and not entered is named once", async () => {
  await film("a/one.mkv");
  await film("a/two.mkv");
  await film("b/open.mkv");
  await chmod(root, 0o755);
  await chmod(join(root, "a"), 0o744);
  process.seteuid?.(65534);
  try {
    const result = await seen();
    expect(result.names).toEqual(["b/open.mkv"]);
    expect([result.unreadable, result.unreadable_files]).toEqual([["a/ (EACCES)"], []]);
  } finally {
    process.seteuid?.(0);
  }
});

test("a root that is gone throws", async () => {
  await rm(root, { recursive: true });
  await expect(seen()).rejects.toThrow(/cannot be read.*Is the volume mounted/);
});
