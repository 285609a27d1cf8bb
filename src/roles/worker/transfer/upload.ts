import { appendFile, type FileHandle, open, readFile, stat } from "node:fs/promises";
import { systemCode, VcError } from "../../../shared/errors.ts";
import { freeBytes } from "../../../shared/free-bytes.ts";
import { MOST_PIECE_BYTES, pieceHash } from "../../../shared/transfer.ts";
import {
  createKnownPieces,
  formatPiece,
  type KnownPiece,
  type KnownPieces,
  parsePieces,
} from "./piece-log.ts";
import type { PieceSize } from "./piece-size.ts";
import { readAt } from "./positions.ts";

/** What an upload calls. */
export type UploadCalls = {
  /** Makes or finds the staging file, and says how much lies there. Rejects when it is refused for good. */
  begin(of: { size: number; final: boolean }): Promise<number>;
  /** One try. `there`: how much lies there; `wrong`: the piece does not belong behind that, and was not taken. */
  send(piece: { offset: number; bytes: Uint8Array; hash: string; rewrite: boolean }): Promise<{
    there: number;
    wrong: boolean;
  }>;
  /** Repeats a try until it succeeds or is refused for good. */
  persist<T>(step: () => Promise<T>): Promise<T>;
  /** Until the file may have grown, or has ended. */
  wait(ended: AbortSignal): Promise<void>;
};

export type Upload = {
  /** Sends what lies behind the write head while the file is still being written, until `ended` says so. */
  follow(of: { ended: AbortSignal }): Promise<void>;
  /** Sends what is missing or has changed since. Resolves with the SHA-256 of the whole file, as hex. */
  finish(onProgress: (done_bytes: number, size: number) => void): Promise<string>;
};

/** Behind the write head by so much: muxers go back to what they have just written. */
const BEHIND_BYTES = 2 * MOST_PIECE_BYTES;

/**
 * One file on its way to the master's staging folder. What was sent is noted in `log_path`, so that the next process of
 * this worker does not send it again.
 */
export function createUpload(of: {
  path: string;
  log_path: string;
  calls: UploadCalls;
  pieceSize: PieceSize;
}): Upload {
  const staged = createStaged(of);
  return {
    async follow({ ended }) {
      let seen = 0;
      while (!ended.aborted) {
        const size = await sizeOf(of.path);
        // Another way to make the film has begun anew.
        if (size < seen) return;
        seen = size;
        if (size - staged.there() < BEHIND_BYTES + MOST_PIECE_BYTES) await of.calls.wait(ended);
        else if (!(await sendNext(of.path, staged, of.pieceSize))) return;
      }
    },
    async finish(onProgress) {
      const file = await open(of.path, "r");
      try {
        for (;;) {
          const sha256 = await sendAll(file, { ...of, staged, onProgress });
          if (sha256 !== null) return sha256;
        }
      } finally {
        await file.close();
      }
    },
  };
}

/** 0 before the encoder has begun. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return 0;
    throw error;
  }
}

async function sendNext(path: string, staged: Staged, pieceSize: PieceSize): Promise<boolean> {
  const at = staged.there();
  const file = await open(path, "r");
  try {
    const bytes = await readAt(file, at, pieceSize.now());
    const piece = { from: at, bytes, hash: pieceHash(bytes) };
    return await staged.put(piece).finally(() => freeBytes(bytes));
  } finally {
    await staged.noted();
    await file.close();
  }
}

/** Null when it must be gone through again: the master has less than was known. */
async function sendAll(
  file: FileHandle,
  of: { staged: Staged; pieceSize: PieceSize; onProgress: (done_bytes: number, size: number) => void },
): Promise<string | null> {
  const { staged, pieceSize, onProgress } = of;
  const { size } = await file.stat();
  const pieces = await staged.begin({ size, final: true });
  const whole = new Bun.CryptoHasher("sha256");
  // Two pieces travel, and one more is read and hashed.
  let sent = Promise.resolve(true);
  let sentBefore = sent;
  for (let at = 0; at < size; ) {
    const known = pieces.at(at);
    const bytes = await readAt(file, at, Math.min(size, known?.to ?? at + pieceSize.now()) - at);
    await hashInto(whole, bytes);
    const piece = { from: at, bytes, hash: pieceHash(bytes) };
    at += bytes.length;
    if (piece.hash === known?.hash) freeBytes(bytes);
    else {
      if (!(await sentBefore)) {
        freeBytes(bytes);
        break;
      }
      sentBefore = sent;
      sent = staged.putBehind(sent, piece).finally(() => freeBytes(bytes));
      sent.catch(() => {});
    }
    onProgress(at, size);
  }
  const all = await sent;
  await staged.noted();
  return all ? whole.digest("hex") : null;
}

/** Between two of these, answers are heard: a whole piece at once would hold up the one that travels. */
const HASHED_AT_ONCE = 512 * 1024;

async function hashInto(whole: Bun.CryptoHasher, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    whole.update(bytes.subarray(at, at + HASHED_AT_ONCE));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** The staging file at the master, as far as this worker knows it. */
type Staged = {
  there(): number;
  /** Must be called first. Resolves with the pieces that are known to lie there. */
  begin(of: { size: number; final: boolean }): Promise<KnownPieces>;
  /** Resolves once all that was put is noted. */
  noted(): Promise<void>;
  /** Puts bytes at `from`. False where the master has lost what lay before them. */
  put(piece: ReadPiece): Promise<boolean>;
  /** Puts the next piece, which may travel while `before` still does; false where that is. */
  putBehind(before: Promise<boolean>, piece: ReadPiece): Promise<boolean>;
};

type ReadPiece = { from: number; bytes: Uint8Array; hash: string };

function createStaged(of: Parameters<typeof createUpload>[0]): Staged {
  const { calls, pieceSize } = of;
  let pieces: KnownPieces | null = null;
  let there = 0;
  let asked = { size: 0, final: false };

  const begin = async (wish: { size: number; final: boolean }): Promise<KnownPieces> => {
    asked = wish;
    there = await calls.begin(wish);
    pieces ??= createKnownPieces(parsePieces(await readFile(of.log_path, "utf8").catch(() => "")));
    pieces.cut(there);
    return pieces;
  };
  const keepRoom = async (size: number) => {
    if (size > asked.size) await begin({ size: 2 * size, final: false });
  };
  // The next piece need not wait for it, and what could not be noted is only sent again.
  let noted = Promise.resolve();
  const note = (piece: KnownPiece) => {
    pieces?.add(piece);
    noted = noted.then(() => appendFile(of.log_path, formatPiece(piece))).catch(() => {});
  };

  const sendOnce = async (piece: ReadPiece, offset: number) => {
    const bytes = piece.bytes.subarray(offset - piece.from).subarray(0, pieceSize.now());
    const hash = bytes.length === piece.bytes.length ? piece.hash : pieceHash(bytes);
    const answer = await calls.send({ offset, bytes, hash, rewrite: offset < there });
    if (answer.wrong && answer.there === there)
      throw new VcError(
        "unavailable",
        `The master says that ${there} bytes lie there, and takes none there.`,
      );
    return { ...answer, to: offset + bytes.length, hash };
  };

  const put = async (piece: ReadPiece) => {
    const end = piece.from + piece.bytes.length;
    // Of a film that is never made, nothing is begun either.
    await keepRoom(end);
    let at = piece.from;
    while (at < end) {
      if (there < at) return false;
      const sent = await calls.persist(() => sendOnce(piece, at)).catch(unlessUnknown);
      if (sent === null) {
        await begin(asked);
        continue;
      }
      there = sent.wrong ? sent.there : Math.max(there, sent.there);
      // Only the answer was lost, if all of it lies there; what it is, the hash of the whole tells.
      if (sent.wrong && there < sent.to) continue;
      note({ from: at, to: sent.to, hash: sent.hash });
      at = sent.to;
    }
    return true;
  };
  const tryOnce = async (piece: ReadPiece) => {
    if (piece.bytes.length > pieceSize.now()) return null;
    const sent = await sendOnce(piece, piece.from)
      .catch(unlessUnknown)
      .catch(() => undefined);
    if (sent === null) return "unknown";
    return sent === undefined || sent.wrong ? null : sent;
  };
  const arrived = (piece: ReadPiece, sent: Sent) => {
    there = Math.max(there, sent.there);
    note({ from: piece.from, to: sent.to, hash: sent.hash });
  };
  const beginAgain = () => begin(asked);
  return {
    there: () => there,
    noted: () => noted,
    begin,
    put,
    putBehind: inSuccession({ tryOnce, arrived, beginAgain, put }),
  };
}

type Sent = { there: number; to: number; hash: string };
type Steps = Pick<Staged, "put"> & {
  /** One try, as long as the line is a good one. Null: the piece must be put when its turn has come. */
  tryOnce(piece: ReadPiece): Promise<Sent | "unknown" | null>;
  arrived(piece: ReadPiece, sent: Sent): void;
  beginAgain(): Promise<unknown>;
};

function inSuccession({ tryOnce, arrived, beginAgain, put }: Steps): Staged["putBehind"] {
  // Pieces that are sent at one time may overtake each other: until the one before is surely ahead.
  let ahead = Promise.resolve();
  const putInTurn = async (piece: ReadPiece, before: Promise<boolean>, tried: "unknown" | null) => {
    if (!(await before)) return false;
    if (tried === "unknown") await beginAgain();
    return put(piece);
  };
  return async (before, piece) => {
    await ahead;
    const sent = await tryOnce(piece);
    if (sent === null || sent === "unknown") {
      const done = putInTurn(piece, before, sent);
      ahead = Promise.race([done, before.then(() => Bun.sleep(APART_MS))]).then(ignore, ignore);
      return done;
    }
    if (!(await before)) return false;
    arrived(piece, sent);
    return true;
  };
}

/** Longer than it takes until one of two calls surely comes first. */
const APART_MS = 50;

function ignore(): void {}

/** The master was restarted since the upload began. */
function unlessUnknown(error: unknown): null {
  if (error instanceof VcError && error.code === "unknown_upload") return null;
  throw error;
}
