import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
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
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removePublished } from "../../../src/roles/master/beside.ts";
import type { PublishIntent } from "../../../src/roles/master/coordinator.ts";
import { makeOwn } from "../../../src/roles/master/files.ts";
import { discard, place } from "../../../src/roles/master/place.ts";
import { openStorage, type Storage } from "../../../src/roles/master/storage.ts";
import { systemCode } from "../../../src/shared/errors.ts";
import { testOr } from "../../support/test-or.ts";

const needsRoot = process.getuid?.() === 0 ? null : "needs root, to give files to another user";
const STAGED = "0123456789.1.partial.mp4";
let folder: string;
let storage: Storage;
let intent: PublishIntent;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-place-"));
  await mkdir(join(folder, "films", "sub"), { recursive: true });
  await writeFile(join(folder, "films", "sub", "a.mkv"), "source");
  const roots = { root_path: join(folder, "films"), output_base: join(folder, "out") };
  storage = await openStorage({ ...roots, root: null, local: false, waiting: 0 });
  const source = await lstat(join(folder, "films", "sub", "a.mkv"), { bigint: true });
  intent = {
    job_id: "0123456789",
    attempt: 1,
    source_rel: "sub/a.mkv",
    source_size: Number(source.size),
    source_mtime_ns: String(source.mtimeNs),
    outputs: [{ staging: STAGED, role: "film", output_rel: "sub/a.mp4", size: 4, previous: null }],
    stale: [],
    original: null,
  };
  await writeFile(staged(), "film", { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const staged = () => join(storage.staging_path, STAGED);
const target = () => join(storage.output_base, "sub", "a.mp4");
const run = () => place({ storage, output_mode: 0o640, intent });
const left = async () => (await readdir(storage.staging_path)).filter((name) => name !== "canary");
const output = (change: Partial<PublishIntent["outputs"][number]>) => {
  intent = { ...intent, outputs: intent.outputs.map((one) => ({ ...one, ...change })) };
};

async function expectPublished(content = "film"): Promise<void> {
  const { mtimeNs, mode } = await lstat(target(), { bigint: true });
  const size = content.length;
  expect(await readFile(target(), "utf8")).toBe(content);
  expect(Number(mode) & 0o7777).toBe(0o640);
  expect(await left()).toEqual([]);
  // A repeat, as after a lost answer, finds the same.
  for (const _ of [1, 2]) {
    const published = [{ output_rel: "sub/a.mp4", size, mtime_ns: String(mtimeNs) }];
    expect(await run()).toEqual({ state: "placed", published });
  }
}

describe("what a result has of its source", () => {
  const source = () => join(storage.root_path, "sub", "a.mkv");

  test("is its time, and its permissions where none are configured", async () => {
    await utimes(source(), 1_000_000_000, 1_100_000_000);
    await chmod(source(), 0o640);
    intent.source_mtime_ns = String((await lstat(source(), { bigint: true })).mtimeNs);
    expect(await place({ storage, output_mode: "keep", intent })).toMatchObject({ state: "placed" });
    const { mtimeMs, mode } = await lstat(target());
    expect({ mtimeMs, mode: mode & 0o777 }).toEqual({ mtimeMs: 1_100_000_000_000, mode: 0o640 });
    await expectPublished();
  });

  test("is its time alone where permissions are configured", async () => {
    await utimes(source(), 1_000_000_000, 1_100_000_000);
    intent.source_mtime_ns = String((await lstat(source(), { bigint: true })).mtimeNs);
    expect(await run()).toMatchObject({ state: "placed" });
    await expectPublished();
    expect((await lstat(target())).mtimeMs).toBe(1_100_000_000_000);
  });
});

describe("subtitles beside a film", () => {
  const beside = () => join(storage.output_base, "sub", "a.ger.sup");
  beforeEach(async () => {
    const staging = `${STAGED}.1.sup`;
    const subtitle = {
      staging,
      role: "subtitle" as const,
      output_rel: "sub/a.ger.sup",
      size: 5,
      previous: null,
    };
    intent = { ...intent, outputs: [...intent.outputs, subtitle] };
    await writeFile(join(storage.staging_path, staging), "texts");
  });

  test("get their names before the film gets its own", async () => {
    expect(await run()).toMatchObject({
      state: "placed",
      published: [{ output_rel: "sub/a.mp4" }, { output_rel: "sub/a.ger.sup", size: 5 }],
    });
    expect(await readFile(beside(), "utf8")).toBe("texts");
    expect(await run()).toMatchObject({ state: "placed" });
    expect(await left()).toEqual([]);
  });

  test("replace nothing that is not vc's, and the film stays away, too", async () => {
    await mkdir(join(storage.output_base, "sub"));
    await writeFile(beside(), "mine!");
    expect(await run()).toMatchObject({ state: "failed", reason: "name_taken" });
    expect(await readdir(join(storage.output_base, "sub"))).toEqual(["a.ger.sup"]);
    expect(await readFile(beside(), "utf8")).toBe("mine!");
  });

  test("that are no more are taken away as long as they are vc's own", async () => {
    const placed = await run();
    if (placed.state !== "placed") throw new Error(placed.message);
    const [, own] = placed.published;
    if (own === undefined) throw new Error("nothing was placed beside the film");
    await removePublished(storage.output_base, [
      { ...own, size: 6 },
      { ...own, mtime_ns: "1" },
    ]);
    expect(await readFile(beside(), "utf8")).toBe("texts");
    await removePublished(storage.output_base, [own]);
    expect(await readdir(join(storage.output_base, "sub"))).toEqual(["a.mp4"]);
  });
});

test("a staged file gets its name, its mode and its folder", async () => {
  expect(await run()).toMatchObject({ state: "placed" });
  await expectPublished();
});

test("a client that announced no size is believed any file that is not empty", async () => {
  output({ size: null });
  expect(await run()).toMatchObject({ state: "placed" });
  await writeFile(target(), "");
  expect(await run()).toMatchObject({ state: "failed", reason: "output_missing" });
});

describe("after a crash", () => {
  const crashes: [string, () => Promise<unknown>][] = [
    ["before anything", async () => {}],
    ["after the folder was made", () => mkdir(join(storage.output_base, "sub"))],
    [
      "between link and unlink",
      async () => {
        await mkdir(join(storage.output_base, "sub"));
        await link(staged(), target());
      },
    ],
    ["after a whole copy, before the staged file went", () => writeFile(`${staged()}copy`, "film")],
    ["within a copy", () => writeFile(`${staged()}copy`, "fi")],
    ["after the staged file went, with its copy there", () => rename(staged(), `${staged()}copy`)],
    [
      "between link and unlink of a copy",
      async () => {
        await mkdir(join(storage.output_base, "sub"));
        await rename(staged(), `${staged()}copy`);
        await link(`${staged()}copy`, target());
      },
    ],
  ];
  test.each(crashes)("%s, it is finished", async (_, crash) => {
    await crash();
    expect(await run()).toMatchObject({ state: "placed" });
    expect(await readFile(target(), "utf8")).toBe("film");
    expect(await left()).toEqual([]);
  });

  test("after the rename, it is finished even if the source has changed since", async () => {
    await run();
    await writeFile(join(storage.root_path, "sub", "a.mkv"), "another source");
    expect(await run()).toMatchObject({ state: "placed" });
  });
});

describe("symlinks in the way", () => {
  const elsewhere = () => join(folder, "elsewhere");
  const taken = { state: "failed", outcome: "permanent", reason: "name_taken" };
  beforeEach(() => mkdir(elsewhere()));

  test("of a result are not followed", async () => {
    await symlink(elsewhere(), join(storage.output_base, "sub"));
    expect(await run()).toMatchObject({ ...taken, message: expect.stringContaining("sub is a symlink") });
    expect(await readdir(elsewhere())).toEqual([]);
  });

  test("hide what lies behind them, also a link to the staged file", async () => {
    await symlink(elsewhere(), join(storage.output_base, "sub"));
    await link(staged(), join(elsewhere(), "a.mp4"));
    expect(await run()).toMatchObject({ state: "failed" });
    expect(await readdir(storage.staging_path)).toContain(STAGED);
  });

  test("of a source make it another one", async () => {
    await rename(join(storage.root_path, "sub"), `${elsewhere()}2`);
    await symlink(`${elsewhere()}2`, join(storage.root_path, "sub"));
    expect(await run()).toMatchObject({ state: "failed", reason: "source_changed" });
  });

  test("that are swapped in while films are published lead nowhere", async () => {
    const [sub, aside] = [join(storage.output_base, "sub"), join(storage.output_base, "aside")];
    await mkdir(sub);
    for (let round = 0; round < 150; round++) {
      await writeFile(staged(), "film", { mode: 0o600 });
      // It may find its film gone.
      const placed = run().catch(() => undefined);
      await Bun.sleep(Math.random() * 2);
      renameSync(sub, aside);
      swapIn(elsewhere(), sub);
      await placed;
      expect(await readdir(elsewhere())).toEqual([]);
      unlinkSync(sub);
      renameSync(aside, sub);
      await rm(target(), { force: true });
    }
  }, 300_000);
});

/** Where the master makes the folder anew at that very moment, that goes first. */
function swapIn(target: string, path: string): void {
  for (let made = false; !made; ) {
    try {
      symlinkSync(target, path);
      made = true;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      rmSync(path, { recursive: true, force: true });
    }
  }
}

describe("a staged file with another name", () => {
  test("is refused, and what has that name keeps its mode and content", async () => {
    const precious = join(folder, "precious");
    await writeFile(precious, "film", { mode: 0o600 });
    await unlink(staged());
    await link(precious, staged());
    expect(await run()).toMatchObject({ state: "failed", outcome: "retry", reason: "output_missing" });
    expect((await lstat(precious)).mode & 0o777).toBe(0o600);
    expect(await readdir(storage.output_base)).toEqual([".vc"]);
  });
});

describe("what cannot be published", () => {
  type Case = [string, () => unknown, { outcome: string; reason: string }, RegExp];
  const cases: Case[] = [
    [
      "no staged file",
      () => unlink(staged()),
      { outcome: "retry", reason: "output_missing" },
      /does not exist/,
    ],
    [
      "a wrong size",
      () => output({ size: 5 }),
      { outcome: "retry", reason: "output_missing" },
      /has 4 bytes, 5 bytes were/,
    ],
    [
      "a symlink",
      async () => {
        await unlink(staged());
        await symlink("/etc/passwd", staged());
      },
      { outcome: "retry", reason: "output_missing" },
      /no regular file/,
    ],
    [
      "a foreign file under the name",
      async () => {
        await mkdir(join(storage.output_base, "sub"));
        await writeFile(target(), "mine");
      },
      { outcome: "permanent", reason: "name_taken" },
      /sub\/a.mp4 already exists.*Move it away/,
    ],
    [
      "a dangling symlink under the name",
      async () => {
        await mkdir(join(storage.output_base, "sub"));
        await symlink("/nowhere", target());
      },
      { outcome: "permanent", reason: "name_taken" },
      /already exists/,
    ],
    [
      "a file where the folder should be",
      () => writeFile(join(storage.output_base, "sub"), "mine"),
      { outcome: "permanent", reason: "name_taken" },
      /a file stands where a folder/,
    ],
    [
      "a name that is too long",
      () => output({ output_rel: `${"a".repeat(300)}.mp4` }),
      { outcome: "permanent", reason: "unsupported" },
      /shorter/,
    ],
    [
      "a changed source",
      () => writeFile(join(storage.root_path, "sub", "a.mkv"), "other"),
      { outcome: "requeue", reason: "source_changed" },
      /has changed/,
    ],
    [
      "a source that is gone",
      () => unlink(join(storage.root_path, "sub", "a.mkv")),
      { outcome: "requeue", reason: "source_changed" },
      /is gone/,
    ],
  ];
  test.each(cases)("%s", async (_, arrange, expected, message) => {
    await arrange();
    const placement = await run();
    expect(placement).toMatchObject({
      state: "failed",
      ...expected,
      message: expect.stringMatching(message),
    });
    await discard(storage, intent);
    expect(await left()).toEqual([]);
  });

  test("a foreign file is left as it is", async () => {
    await mkdir(join(storage.output_base, "sub"));
    await writeFile(target(), "mine");
    await run();
    expect(await readFile(target(), "utf8")).toBe("mine");
  });
});

describe("a film that vc published before", () => {
  beforeEach(async () => {
    await mkdir(join(storage.output_base, "sub"));
    await writeFile(target(), "older");
    const { mtimeNs } = await lstat(target(), { bigint: true });
    output({ previous: { size: 5, mtime_ns: String(mtimeNs) } });
  });
  test("is replaced", async () => {
    await run();
    await expectPublished();
  });
  test("is not taken for the new one when that is missing", async () => {
    output({ size: 5 });
    await unlink(staged());
    expect(await run()).toMatchObject({ reason: "output_missing" });
  });
  test("is not replaced when somebody changed it", async () => {
    await writeFile(target(), "a cut of my own");
    expect(await run()).toMatchObject({ reason: "name_taken" });
    expect(await readFile(target(), "utf8")).toBe("a cut of my own");
  });
});

describe("storage that does not work now", () => {
  test("an output folder that is not the one of the start waits", async () => {
    await writeFile(join(storage.staging_path, "canary"), "of another mount");
    await expect(run()).rejects.toThrow(/is its volume mounted/);
  });
  test("an empty source root waits", async () => {
    await rm(join(storage.root_path, "sub"), { recursive: true });
    await expect(run()).rejects.toThrow(/is empty/);
  });
});

testOr(needsRoot, "another user's file becomes the master's", async () => {
  await chown(staged(), 65534, 65534);
  await run();
  expect((await lstat(target())).uid).toBe(0);
  await expectPublished();
});

testOr(
  process.platform === "linux" ? needsRoot : "needs Linux's names of open files",
  "what was opened is copied, whatever its owner puts under the name meanwhile",
  async () => {
    await chown(staged(), 1000, 1000);
    await writeFile(join(folder, "secret"), "secr");
    for (const path of [folder, storage.output_base, storage.staging_path]) await chown(path, 65534, 65534);
    process.seteuid?.(65534);
    try {
      for (let round = 0; round < 200; round++) {
        process.seteuid?.(0);
        await rm(staged(), { force: true });
        await rm(`${staged()}copy`, { force: true });
        await writeFile(staged(), "film", { mode: 0o644 });
        await chown(staged(), 1000, 1000);
        process.seteuid?.(65534);
        const owned = makeOwn({ staged: staged(), copy: `${staged()}copy`, output_mode: 0o644 });
        await Bun.sleep(Math.random());
        unlinkSync(staged());
        symlinkSync(join(folder, "secret"), staged());
        await owned.catch(() => undefined);
        expect(await readFile(`${staged()}copy`, "utf8").catch(() => "film")).toBe("film");
      }
    } finally {
      process.seteuid?.(0);
    }
  },
);

testOr(needsRoot, "a master that is not root publishes a copy of another user's file", async () => {
  await chown(staged(), 1000, 1000);
  await chmod(staged(), 0o644);
  for (const path of [folder, storage.output_base, storage.staging_path]) await chown(path, 65534, 65534);
  process.seteuid?.(65534);
  try {
    expect(await run()).toMatchObject({ state: "placed" });
    await expectPublished();
    expect((await lstat(target())).uid).toBe(65534);
  } finally {
    process.seteuid?.(0);
  }
});
