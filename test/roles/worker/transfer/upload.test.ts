import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePieces } from "../../../../src/roles/worker/transfer/piece-log.ts";
import { createUpload, type UploadCalls } from "../../../../src/roles/worker/transfer/upload.ts";
import { VcError } from "../../../../src/shared/errors.ts";
import { MOST_PIECE_BYTES, pieceHash } from "../../../../src/shared/transfer.ts";
import { sha256Of } from "../../../support/transfer-calls.ts";
import { until } from "../../../support/until.ts";

const MIB = 1024 * 1024;
const PIECE = MIB / 4;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-upload-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const film = (length: number, seed = 7) => new Uint8Array(length).map((_, n) => (n * seed) ^ (n >> 9));

/** What lies at a master, by the rules of the wire; `trouble` happens to the next pieces, one each. */
function master() {
  const there = { bytes: new Uint8Array(0), known: true };
  const sent: { offset: number; length: number; rewrite: boolean }[] = [];
  const trouble: ("none" | "lost" | "unheard" | "restarted" | "gone")[] = [];
  const put = (offset: number, bytes: Uint8Array) => {
    const grown = new Uint8Array(Math.max(there.bytes.length, offset + bytes.length));
    grown.set(there.bytes);
    grown.set(bytes, offset);
    there.bytes = grown;
  };
  const calls: UploadCalls = {
    async begin({ size, final }) {
      there.known = true;
      if (final) there.bytes = there.bytes.slice(0, size);
      return there.bytes.length;
    },
    async send({ offset, bytes, hash, rewrite }) {
      sent.push({ offset, length: bytes.length, rewrite });
      expect(hash).toBe(pieceHash(bytes));
      const now = trouble.shift();
      if (now === "lost") throw new VcError("unreachable", "cut");
      if (now === "restarted") there.known = false;
      if (now === "gone") {
        there.known = false;
        there.bytes = new Uint8Array(0);
      }
      if (!there.known) throw new VcError("unknown_upload", "begin again");
      const length = there.bytes.length;
      if (rewrite ? offset >= length : offset !== length) return { there: length, wrong: true };
      put(offset, bytes);
      if (now === "unheard") throw new VcError("unreachable", "cut");
      return { there: there.bytes.length, wrong: false };
    },
    async persist(step) {
      for (;;) {
        try {
          return await step();
        } catch (error) {
          if (!(error instanceof VcError) || error.code !== "unreachable") throw error;
        }
      }
    },
    wait: () => Bun.sleep(5),
  };
  return { there, sent, trouble, calls };
}

let count = 0;
async function fileOf(bytes: Uint8Array) {
  const path = join(folder, `${++count}.mkv`);
  await writeFile(path, bytes);
  return { path, log_path: `${path}.log` };
}
const pieceSize = { now: () => PIECE, succeeded: () => {}, cut: () => {} };
const nothing = () => {};

test.each([0, 1, PIECE, PIECE + 1, 5 * PIECE - 1])("a file of %d bytes arrives whole", async (length) => {
  const bytes = film(length);
  const { there, sent, calls } = master();
  const upload = createUpload({ ...(await fileOf(bytes)), calls, pieceSize });
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.reduce((sum, one) => sum + one.length, 0)).toBe(length);
});

test("a piece that is lost is sent again, and nothing else; one whose answer is lost not even that", async () => {
  const bytes = film(4 * PIECE);
  const { there, sent, trouble, calls } = master();
  trouble.push("lost", "unheard");
  const upload = createUpload({ ...(await fileOf(bytes)), calls, pieceSize });
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  // The unheard one is offered once more, and refused by its offset.
  expect(sent.map(({ offset }) => offset / PIECE)).toEqual([0, 0, 0, 1, 2, 3]);
});

test("two pieces travel at once, and the second waits for the first where that is lost", async () => {
  const bytes = film(8 * PIECE);
  const { there, sent, calls } = master();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let lost = false;
  const send: UploadCalls["send"] = async (piece) => {
    if (piece.offset === 0) await first.promise;
    if (piece.offset === PIECE) {
      second.resolve();
      await first.promise.catch(() => {});
    }
    if (piece.offset > 0 || lost) return calls.send(piece);
    lost = true;
    throw new VcError("unreachable", "cut");
  };
  const upload = createUpload({ ...(await fileOf(bytes)), calls: { ...calls, send }, pieceSize });
  const finished = upload.finish(nothing);
  await second.promise;
  first.resolve();
  expect(await finished).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  const again = sent.length - bytes.length / PIECE;
  expect([again, new Set(sent.map(({ offset }) => offset)).size]).toEqual([1, 8]);
});

test("on a slow line, too, a piece that is lost costs no others behind it", async () => {
  const bytes = film(12 * PIECE);
  const { there, sent, trouble, calls } = master();
  // One call after the other, in the order in which they were made.
  let line = Promise.resolve<unknown>(undefined);
  const send: UploadCalls["send"] = (piece) => {
    const answer = line.then(() => Bun.sleep(2)).then(() => calls.send(piece));
    line = answer.catch(() => {});
    return answer;
  };
  trouble.push("none", "none", "lost");
  const upload = createUpload({ ...(await fileOf(bytes)), calls: { ...calls, send }, pieceSize });
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.length - 12).toBeLessThanOrEqual(2);
});

test("pieces that are longer than a line bears by now are sent in parts", async () => {
  const bytes = film(8 * PIECE);
  const { there, sent, calls } = master();
  let most = PIECE;
  const send: UploadCalls["send"] = async (piece) => {
    const answer = await calls.send(piece);
    if (piece.offset !== 2 * PIECE) return answer;
    // Meanwhile the next but one is read, as long as before.
    await Bun.sleep(30);
    most = PIECE / 2;
    return answer;
  };
  let begun = 0;
  const begin: UploadCalls["begin"] = (wish) => {
    begun += 1;
    return calls.begin(wish);
  };
  const shrinking = { ...pieceSize, now: () => most };
  const upload = createUpload({
    ...(await fileOf(bytes)),
    calls: { ...calls, begin, send },
    pieceSize: shrinking,
  });
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.slice(4).every(({ length }) => length <= PIECE / 2)).toBe(true);
  expect(sent.reduce((sum, one) => sum + one.length, 0)).toBe(bytes.length);
  // Else all of it would be read once more.
  expect(begun).toBe(1);
});

test("a master that was restarted is told of the upload again; one that lost the file gets it anew", async () => {
  const bytes = film(6 * PIECE);
  const { there, sent, trouble, calls } = master();
  const file = await fileOf(bytes);
  const upload = createUpload({ ...file, calls, pieceSize });
  trouble.push("none", "restarted", "none", "none", "gone");
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.map(({ offset }) => offset / PIECE)).toEqual([0, 1, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5]);
});

test("another process goes on where the first one was, and does not send what lies there", async () => {
  const bytes = film(6 * PIECE);
  const file = await fileOf(bytes);
  const { there, sent, calls } = master();
  const send = calls.send;
  const dying = { ...calls, send: (piece: Parameters<typeof send>[0]) => sendUpTo(piece) };
  const sendUpTo: typeof send = (piece) => {
    if (piece.offset >= 3 * PIECE) throw new VcError("stale_attempt", "dead");
    return send(piece);
  };
  expect(createUpload({ ...file, calls: dying, pieceSize }).finish(nothing)).rejects.toThrow("dead");
  await until("three pieces lie there", () => there.bytes.length === 3 * PIECE);
  // The crash has cut a line off.
  await appendFile(file.log_path, '{"from":78643');
  sent.length = 0;
  expect(await createUpload({ ...file, calls, pieceSize }).finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.map(({ offset }) => offset / PIECE)).toEqual([3, 4, 5]);
});

test("what lies there and is not known to be right is replaced", async () => {
  const bytes = film(4 * PIECE);
  const { there, sent, calls } = master();
  there.bytes = film(6 * PIECE, 3);
  const upload = createUpload({ ...(await fileOf(bytes)), calls, pieceSize });
  expect(await upload.finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.every(({ rewrite }) => rewrite)).toBe(true);
});

test("pieces behind the write head go up early; those that the muxer changed are sent again", async () => {
  const bytes = film(4 * MOST_PIECE_BYTES);
  const file = await fileOf(bytes);
  const { there, sent, calls } = master();
  // Nothing lies there before the encoder begins.
  await rm(file.path);
  let looks = 0;
  const wait = async (ended: AbortSignal) => {
    looks += 1;
    if (looks === 2) await writeFile(file.path, bytes);
    await calls.wait(ended);
  };
  const upload = createUpload({ ...file, calls: { ...calls, wait }, pieceSize });
  const ended = new AbortController();
  const following = upload.follow({ ended: ended.signal });
  await until("all that may go early has gone", () => there.bytes.length > MOST_PIECE_BYTES - PIECE);
  ended.abort();
  await following;
  expect(there.bytes.length).toBeLessThanOrEqual(2 * MOST_PIECE_BYTES);
  // The muxer comes back to the head, and writes an end.
  bytes.set(film(1000, 13), 100);
  await writeFile(file.path, bytes);
  const early = there.bytes.length;
  sent.length = 0;
  expect(await createUpload({ ...file, calls, pieceSize }).finish(nothing)).toBe(sha256Of(bytes));
  expect(Buffer.compare(there.bytes, bytes)).toBe(0);
  expect(sent.filter(({ rewrite }) => rewrite)).toEqual([{ offset: 0, length: PIECE, rewrite: true }]);
  expect(sent.reduce((sum, one) => sum + one.length, 0)).toBe(bytes.length - early + PIECE);
});

test("following ends where the film is begun anew", async () => {
  const file = await fileOf(film(4 * MOST_PIECE_BYTES));
  const { there, calls } = master();
  // It may be just reading what is gone by now.
  const following = createUpload({ ...file, calls, pieceSize })
    .follow({ ended: new AbortController().signal })
    .catch((error: unknown) => expect(String(error)).toContain("ends before its byte"));
  await until("something has gone", () => there.bytes.length > 0);
  await truncate(file.path, 0);
  await following;
});

test("the log holds what was sent", async () => {
  const file = await fileOf(film(2 * PIECE + 5));
  await createUpload({ ...file, calls: master().calls, pieceSize }).finish(nothing);
  const pieces = parsePieces(await Bun.file(file.log_path).text());
  expect(pieces.map(({ from, to }) => [from, to])).toEqual([
    [0, PIECE],
    [PIECE, 2 * PIECE],
    [2 * PIECE, 2 * PIECE + 5],
  ]);
});

test("a master that contradicts itself for ever is not asked in a loop without an end", async () => {
  const { calls } = master();
  let asked = 0;
  const mad: UploadCalls = {
    ...calls,
    send: async () => ({ there: 0, wrong: true }),
    async persist(step) {
      asked += 1;
      return step();
    },
  };
  const upload = createUpload({ ...(await fileOf(film(10))), calls: mad, pieceSize });
  expect(upload.finish(nothing)).rejects.toThrow("takes none there");
  await until("it was asked", () => asked === 1);
});
