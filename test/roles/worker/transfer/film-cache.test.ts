import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFilmCache, evict } from "../../../../src/roles/worker/transfer/film-cache.ts";

const entry = (key: string, bytes: number, used_ms: number) => ({ name: `${key}.mkv`, key, bytes, used_ms });

test.each<[string, Parameters<typeof evict>, string[] | null]>([
  [
    "room is left",
    [[entry("a", 40, 1)], { wanted: { key: "b", bytes: 60 }, used: new Map(), most_bytes: 100 }],
    [],
  ],
  [
    "the least recently used goes",
    [
      [entry("a", 40, 3), entry("b", 40, 1), entry("c", 10, 2)],
      { wanted: { key: "d", bytes: 40 }, used: new Map(), most_bytes: 100 },
    ],
    ["b.mkv"],
  ],
  [
    "never one in use",
    [
      [entry("a", 40, 1), entry("b", 40, 2)],
      { wanted: { key: "c", bytes: 40 }, used: new Map([["a", 40]]), most_bytes: 100 },
    ],
    ["b.mkv"],
  ],
  [
    "one that is being fetched counts with its whole size",
    [[entry("a", 1, 1)], { wanted: { key: "c", bytes: 40 }, used: new Map([["a", 70]]), most_bytes: 100 }],
    null,
  ],
  [
    "larger than the cache",
    [[], { wanted: { key: "c", bytes: 101 }, used: new Map(), most_bytes: 100 }],
    null,
  ],
  [
    "with what lies beside it, and by its last use",
    [
      [entry("a", 40, 1), { ...entry("a", 2, 9), name: "a.record" }, entry("b", 40, 3), entry("b", 1, 2)],
      { wanted: { key: "c", bytes: 40 }, used: new Map(), most_bytes: 100 },
    ],
    ["b.mkv", "b.mkv"],
  ],
  [
    "what is there of itself stays",
    [[entry("a", 100, 1)], { wanted: { key: "a", bytes: 100 }, used: new Map(), most_bytes: 100 }],
    [],
  ],
])("%s", (_, given, expected) => {
  expect(evict(...given)).toEqual(expected);
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-film-cache-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const order = (name: string, size: number) => ({
  source_path: `/films/${name}`,
  source_size: size,
  source_mtime_ns: "1",
});
const names = async () => (await readdir(folder)).filter((name) => !name.startsWith("mine"));

test("films go when others need their room, and what is not the cache's own stays", async () => {
  await writeFile(join(folder, "mine.mkv"), "a film of the user's");
  let now_ms = Date.now();
  const cache = createFilmCache({ folder, most_bytes: 100, now_ms: () => now_ms });
  const fill = async (name: string, size: number) => {
    const place = await cache.take(order(name, size));
    if (place === null) throw new Error("no place");
    await writeFile(place.film, "x".repeat(size));
    await writeFile(place.record, "");
    for (const path of [place.film, place.record]) await utimes(path, new Date(now_ms), new Date(1000));
    now_ms += 60_000;
    return place;
  };
  const a = await fill("a.mkv", 40);
  (await fill("b.mkv", 40)).letGo();
  expect(await cache.take(order("c.mkv", 70))).toBeNull();
  a.letGo();
  // Used again, so that b is the older one.
  (await cache.take(order("a.mkv", 40)))?.letGo();
  (await fill("c.avi", 40)).letGo();
  expect((await names()).map((name) => name.replace(/^.*\./, "")).sort()).toEqual([
    "avi",
    "mkv",
    "record",
    "record",
  ]);
  expect((await cache.take(order("a.mkv", 40)))?.film).toBe(a.film);
  expect(await readdir(folder)).toContain("mine.mkv");
});

test("a limit that was lowered holds from the next film on, also where that one has no place", async () => {
  const own = join(folder, "lowered");
  const before = createFilmCache({ folder: own, most_bytes: 100, now_ms: Date.now });
  const old = await before.take(order("old.mkv", 50));
  await writeFile(old?.film ?? "", "x".repeat(50));
  expect(await readdir(own)).toHaveLength(1);
  const after = createFilmCache({ folder: own, most_bytes: 0, now_ms: Date.now });
  expect(await after.take(order("new.mkv", 60))).toBeNull();
  expect(await readdir(own)).toEqual([]);
});

test("another version of a film is another film, and no name of a film reaches the disk", async () => {
  const cache = createFilmCache({ folder, most_bytes: 1000, now_ms: Date.now });
  const one = await cache.take(order("../../x.mkv", 10));
  const two = await cache.take(order("../../x.mkv", 11));
  expect(one?.film).not.toBe(two?.film);
  expect(one?.film).toMatch(/\/[0-9a-f]{32}\.mkv$/);
  expect((await cache.take(order("x.part", 10)))?.film).toMatch(/\.film$/);
  expect(one?.film.startsWith(folder)).toBe(true);
});

test("a film in use is not given twice", async () => {
  const cache = createFilmCache({ folder, most_bytes: 1000, now_ms: Date.now });
  const one = await cache.take(order("twice.mkv", 10));
  expect(await cache.take(order("twice.mkv", 10))).toBeNull();
  one?.letGo();
  expect(await cache.take(order("twice.mkv", 10))).not.toBeNull();
});
