import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWorkspace, proveMount, type Storage } from "../../../src/roles/worker/workspace.ts";

const storage: Storage = {
  root: "/mnt/storage",
  source_root: "/mnt/storage/videos",
  output_base: "/mnt/storage/converted",
  nonce: "n0nce",
  output_mode: 0o644,
};
const order = {
  ...{ id: "k3m9x2p7qa", attempt: 1 },
  ...{ source_rel: "a/b c/ü.mkv", staging: "k3m9x2p7qa.1.partial.mp4" },
};

test.each([
  ["no mount path: the master's own paths", storage, null, "/mnt/storage/videos", "/mnt/storage/converted"],
  ["another mount point", storage, "/media/nas", "/media/nas/videos", "/media/nas/converted"],
  [
    "a root of its own for both",
    { ...storage, root: "/mnt/storage/", source_root: "/mnt/storage/a/b", output_base: "/mnt/storage" },
    "/x",
    "/x/a/b",
    "/x",
  ],
  [
    "a master on Windows",
    { ...storage, root: "D:\\media", source_root: "D:\\media\\films\\old", output_base: "D:\\media\\out" },
    "/mnt/d",
    "/mnt/d/films/old",
    "/mnt/d/out",
  ],
  [
    "backslashes are plain characters in a name of a POSIX master",
    { ...storage, source_root: "/mnt/storage/a\\b" },
    "/x",
    "/x/a\\b",
    "/x/converted",
  ],
])("maps the master's folders: %s", (_, given, mount, source_root, output_base) => {
  const workspace = createWorkspace(given, mount);
  expect(workspace.source_root).toBe(source_root);
  expect(workspace.output_base).toBe(output_base);
  expect(workspace.source(order)).toBe(join(source_root, "a", "b c", "ü.mkv"));
  expect(workspace.target(order)).toBe(join(output_base, ".vc", order.staging));
  expect(workspace.canary).toEqual({ path: join(output_base, ".vc", "canary"), text: "n0nce" });
});

const map = [
  { master: "/mnt/storage", worker: "/media/nas" },
  { master: "/mnt/storage/videos", worker: "/media/films" },
  { master: "/mnt/storage/videos/a/b c", worker: "/media/films-old" },
];

test("a map says where the master's folders are, also of single folders of films", () => {
  const workspace = createWorkspace(storage, null, map);
  expect([workspace.source_root, workspace.output_base]).toEqual(["/media/films", "/media/nas/converted"]);
  expect(workspace.source(order)).toBe("/media/films-old/ü.mkv");
  expect(workspace.source({ source_rel: "a/x.mkv" })).toBe("/media/films/a/x.mkv");
  expect(workspace.rootOf(order)).toBe("/media/films-old");
  expect(workspace.rootOf({ source_rel: "a/x.mkv" })).toBe("/media/films");
  expect(workspace.target(order)).toBe(join("/media/nas/converted/.vc", order.staging));
  expect(() => workspace.source({ source_rel: "../x.mkv" })).toThrow("leaves its folder");
});

test("a folder of the master's that no pair contains is named with what the map says", () =>
  expect(() => createWorkspace(storage, null, map.slice(1, 2))).toThrow(
    "storage.path_map does not say where the master's /mnt/storage/converted is on this machine (it says: /mnt/storage/videos is /media/films): add a pair whose `master` contains it.",
  ));

test.each(["../etc/passwd", "a/../../b", "/etc/passwd", "a//b", "", ".", "a/\0"])(
  "a name that leaves its folder is refused: %j",
  (source_rel) => {
    const workspace = createWorkspace(storage, null);
    expect(() => workspace.source({ ...order, source_rel })).toThrow("leaves its folder");
    expect(() => workspace.target({ ...order, staging: source_rel })).toThrow("not this attempt's");
  },
);

test.each([
  "canary",
  "k3m9x2p7qa.2.partial.mp4",
  "other00000.1.partial.mp4",
  "k3m9x2p7qa.1.partial.mp4/x",
  ".bashrc",
])("a staging file that is not the attempt's own is refused: %j", (staging) => {
  const workspace = createWorkspace(storage, null);
  expect(() => workspace.target({ ...order, staging })).toThrow("not this attempt's");
});

test.each<[string, Partial<Storage>]>([
  ["beside the root", { output_base: "/etc" }],
  ["above the root", { output_base: "/mnt/storage/../.." }],
  ["through folders that lead up", { source_root: "/mnt/storage/videos/../../../../etc" }],
  [
    "a root that leads up",
    { root: "/mnt/storage/..", output_base: "/mnt/storage/../x", source_root: "/mnt/storage/../y" },
  ],
  ["no whole path", { output_base: "mnt/storage/converted" }],
  ["on another drive", { root: "D:\\media", source_root: "D:\\media\\films", output_base: "C:\\Windows" }],
])("a master's folder outside of its root is refused: %s", (_, given) => {
  for (const mount of [null, "/media/nas"]) {
    expect(() => createWorkspace({ ...storage, ...given }, mount)).toThrow("is not below its root");
  }
});

import { testOr } from "../../support/test-or.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-workspace-"));
  await mkdir(join(folder, "videos"));
  await mkdir(join(folder, "converted", ".vc"), { recursive: true });
  await writeFile(join(folder, "converted", ".vc", "canary"), "n0nce");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const here = () => createWorkspace(storage, folder);
const film = Buffer.alloc(100_000, "film");
const sample = () => ({
  source_rel: "a.mkv",
  size: film.length,
  mtime_ns: "0",
  head_sha256: createHash("sha256").update(film.subarray(0, 65_536)).digest("hex"),
});

test("a mount is proven by a canary that the master sees and by sources that are alike", async () => {
  await writeFile(join(folder, "videos", "a.mkv"), film);
  let written = "";
  const problem = await proveMount(here(), async (canary) => {
    written = await readFile(join(folder, "converted", ".vc", canary), "utf8");
    return { seen: true, samples: [sample()] };
  });
  expect(problem).toBeNull();
  expect(written).toBe("n0nce");
  expect(await readdir(join(folder, "converted", ".vc"))).toEqual(["canary"]);
});

test("a canary that the master does not see names the folder and the key", async () => {
  const problem = await proveMount(here(), async () => ({ seen: false, samples: [] }));
  expect(problem).toContain(join(folder, "converted", ".vc"));
  expect(problem).toContain("storage.mount_path");
});

test.each(["", "another master's"])("the master's own canary must be readable here: %j", async (text) => {
  await writeFile(join(folder, "converted", ".vc", "canary"), text);
  const problem = await proveMount(here(), async () => ({ seen: true, samples: [] }));
  expect(problem).toContain(
    "is not what the master wrote into its /mnt/storage/converted: check storage.mount_path",
  );
});

test("a missing output folder is told with what to do", async () => {
  await rm(join(folder, "converted"), { recursive: true });
  const problem = await proveMount(here(), async () => ({ seen: true, samples: [] }));
  expect(problem).toContain("cannot write into");
  expect(problem).toContain("(no such file or directory)");
  // The canary has another name each time: a log would hear of it every five seconds.
  expect(problem).not.toContain("canary");
});

test.each([
  ["missing", null, "cannot read the source"],
  ["of another size", film.subarray(1), "is not the file that the master sees"],
  ["of other content", Buffer.alloc(film.length, "x"), "is not the file that the master sees"],
])("a sample that is %s here refuses the mount", async (_, content, sentence) => {
  if (content !== null) await writeFile(join(folder, "videos", "a.mkv"), content);
  const problem = await proveMount(here(), async () => ({ seen: true, samples: [sample()] }));
  expect(problem).toContain(sentence);
});

const notRoot = process.geteuid?.() === 0 ? null : "only root can become a user who may not read";

testOr(notRoot, "one film that may not be read says nothing about the mount, all of them do", async () => {
  for (const path of [folder, join(folder, "converted", ".vc")]) await chmod(path, 0o777);
  await writeFile(join(folder, "videos", "a.mkv"), film);
  await writeFile(join(folder, "videos", "closed.mkv"), film, { mode: 0o600 });
  const closed = { ...sample(), source_rel: "closed.mkv" };
  const prove = (samples: ReturnType<typeof sample>[]) =>
    proveMount(here(), async () => ({ seen: true, samples }));
  process.seteuid?.(65_534);
  try {
    expect(await prove([closed, sample()])).toBeNull();
    expect(await prove([closed])).toContain("cannot read the source");
  } finally {
    process.seteuid?.(0);
  }
});

test("a wrong map is told with both sides' view of the folder", async () => {
  await mkdir(join(folder, "other", "converted", ".vc"), { recursive: true });
  const here = (worker: string) =>
    createWorkspace(storage, null, [{ master: "/mnt/storage", worker: join(folder, worker) }]);
  const unseen = await proveMount(here("other"), async () => ({ seen: false, samples: [] }));
  expect(unseen).toBe(
    `The master does not see what this machine writes into ${folder}/other/converted/.vc, which is /mnt/storage/converted/.vc of the master's: another folder is mounted there; check storage.path_map.`,
  );
  const missing = await proveMount(here("no"), async () => ({ seen: true, samples: [] }));
  expect(missing).toStartWith(
    `This machine cannot write into ${folder}/no/converted/.vc, which is /mnt/storage/converted/.vc of the master's (no such file`,
  );
  await writeFile(join(folder, "videos", "a.mkv"), film.subarray(1));
  const different = await proveMount(here(""), async () => ({ seen: true, samples: [sample()] }));
  expect(different).toBe(
    `${folder}/videos/a.mkv is not the file that the master sees as "a.mkv" in /mnt/storage/videos (99999 bytes here, 100000 there): check storage.path_map.`,
  );
});
