import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile, mkdtemp, open, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download } from "../../../../src/roles/worker/transfer/download.ts";
import { MOST_PIECE_BYTES } from "../../../../src/shared/transfer.ts";
import { until } from "../../../support/until.ts";

const PIECE = 100_000;
const FILM = new Uint8Array(5 * PIECE + 17).map((_, n) => (n * 7) ^ (n >> 9));
const MTIME_NS = "1600000000123456789";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-download-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
function placeIn() {
  const at = join(folder, `${++count}`);
  return {
    film: `${at}.mkv`,
    part: `${at}.part`,
    log: `${at}.log`,
    record: `${at}.record`,
    letGo: () => undefined,
  };
}

/** Downloads until `dies_at`; tells which bytes were asked for. */
async function run(place: ReturnType<typeof placeIn>, dies_at = Number.POSITIVE_INFINITY) {
  const asked: number[] = [];
  const progress: number[] = [];
  await download({
    place,
    size: FILM.length,
    mtime_ns: MTIME_NS,
    async fetch(from) {
      if (from >= dies_at) throw new Error("dead");
      asked.push(from / PIECE);
      return FILM.slice(from, from + PIECE);
    },
    onProgress: (bytes) => progress.push(bytes),
  });
  return { asked, progress };
}

test("a film arrives whole, with its source's time, and its hashes stay beside it", async () => {
  const place = placeIn();
  const { asked, progress } = await run(place);
  expect(Buffer.compare(await readFile(place.film), FILM)).toBe(0);
  expect((await stat(place.film)).mtimeMs).toBeCloseTo(1_600_000_000_123, -1);
  expect([asked, progress.at(0), progress.at(-1)]).toEqual([[0, 1, 2, 3, 4, 5], 0, FILM.length]);
  expect([await Bun.file(place.part).exists(), await Bun.file(place.log).exists()]).toEqual([false, true]);
});

test("a film that is there already is not fetched again", async () => {
  const place = placeIn();
  await run(place);
  const again = await run(place);
  // Not even read.
  expect([again.asked, again.progress]).toEqual([[], []]);
});

/** Writes some bytes of the film anew, and gives it the time that it had. */
async function spoil(path: string, at: number): Promise<void> {
  const { atime, mtime } = await stat(path);
  const file = await open(path, "r+");
  await file.write(new Uint8Array(10), 0, 10, at);
  await file.utimes(atime, mtime);
  await file.close();
}

test.each<[string, (place: ReturnType<typeof placeIn>) => Promise<void>, number[]]>([
  ["touched", ({ film }) => utimes(film, new Date(), new Date()), []],
  ["copied", async ({ film }) => writeFile(film, await readFile(film)), []],
  ["changed, and given its time back", ({ film }) => spoil(film, 2 * PIECE + 5), [2, 3, 4, 5]],
  ["shorter", ({ film }) => truncate(film, 4 * PIECE), [4, 5]],
  [
    "changed and not recorded",
    ({ film, record }) => spoil(film, 5).then(() => rm(record)),
    [0, 1, 2, 3, 4, 5],
  ],
  ["without its hashes", ({ log, record }) => rm(log).then(() => rm(record)), [0, 1, 2, 3, 4, 5]],
])("a film that was %s since is compared again, and mended", async (_, change, fetched) => {
  const place = placeIn();
  await run(place);
  await change(place);
  const { asked, progress } = await run(place);
  expect([asked, progress.at(-1)]).toEqual([fetched, FILM.length]);
  expect(Buffer.compare(await readFile(place.film), FILM)).toBe(0);
  expect((await stat(place.film)).mtimeMs).toBeCloseTo(1_600_000_000_123, -1);
  expect((await run(place)).progress).toEqual([]);
});

test("another process goes on where the first one died", async () => {
  const place = placeIn();
  expect(run(place, 3 * PIECE)).rejects.toThrow("dead");
  await threeNoted(place.log);
  // Died in the middle of a piece and of a line.
  await appendFile(place.part, "half a piece");
  await appendFile(place.log, '{"from":3000');
  expect((await run(place)).asked).toEqual([3, 4, 5]);
  expect(Buffer.compare(await readFile(place.film), FILM)).toBe(0);
});

test("what a power failure has spoilt is fetched again", async () => {
  const place = placeIn();
  expect(run(place, 4 * PIECE)).rejects.toThrow("dead");
  await threeNoted(place.log);
  const file = await open(place.part, "r+");
  await file.write(new Uint8Array(10), 0, 10, PIECE + 5);
  await file.close();
  expect((await run(place)).asked[0]).toBe(1);
  expect(Buffer.compare(await readFile(place.film), FILM)).toBe(0);
});

const threeNoted = (log: string) =>
  until("three pieces are noted", async () => (await Bun.file(log).text()).split("\n").length > 3);

test("several pieces travel at once, and one that is refused ends all without what arrived being lost", async () => {
  const place = placeIn();
  const long = new Uint8Array(4 * MOST_PIECE_BYTES).map((_, n) => n ^ (n >> 12));
  const asked: number[] = [];
  let refused = true;
  const waiting: PromiseWithResolvers<void>[] = [];
  const fetchAll = () =>
    download({
      place,
      size: long.length,
      mtime_ns: MTIME_NS,
      async fetch(from, to) {
        asked.push(from / MOST_PIECE_BYTES);
        if (refused && from === MOST_PIECE_BYTES) throw new Error("refused");
        const turn = Promise.withResolvers<void>();
        waiting.push(turn);
        if (refused) await turn.promise;
        // Fewer than asked for, now and then.
        return long.slice(from, Math.min(to, from + (3 * MOST_PIECE_BYTES) / 4));
      },
      onProgress: () => undefined,
    });
  const failed = fetchAll().catch((error: Error) => error.message);
  await until("three pieces travel", async () => asked.length >= 3);
  for (const turn of waiting) turn.resolve();
  await until("the rest of one is asked for", async () => waiting.length === 4);
  for (const turn of waiting) turn.resolve();
  expect(await failed).toBe("refused");
  refused = false;
  asked.length = 0;
  await fetchAll();
  expect(asked).not.toContain(0);
  expect(Buffer.compare(await readFile(place.film), long)).toBe(0);
});
