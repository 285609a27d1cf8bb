import { VcError } from "../../shared/errors.ts";
import { parseStagingName } from "../../shared/job.ts";
import type { Input } from "../../shared/protocol.ts";
import type { Coordinator } from "./coordinator.ts";
import type { AttemptKey } from "./leases.ts";
import { createPieceOrder } from "./piece-order.ts";
import { createQueues } from "./queues.ts";
import type { Promised } from "./room.ts";
import { requireOutputs, type Storage } from "./storage.ts";
import {
  beginStaging,
  fits,
  type Piece,
  type Put,
  putPiece,
  type Upload,
  unknownUpload,
  withUpload,
} from "./upload-file.ts";

export type Uploads = {
  /**
   * Begins an upload or goes on with it; returns how many bytes lie there.
   * @throws VcError not_found, stale_attempt, bad_request (the name), storage_full, storage
   */
  begin(input: Input<"upload">): Promise<number>;
  /**
   * Before the bytes of a piece are read: what is wrong with it, or its place, which is behind what lies there or behind
   * another piece that is under way.
   * @throws VcError not_found, stale_attempt, unknown_upload, and why the piece before could not be written
   */
  enter(piece: Piece): { wrong: Put } | { place: Place };
  /** Resolves once nothing more is written for an attempt that was handed in. */
  settle(of: AttemptKey): Promise<void>;
};

/** What was entered must be put, or left. */
export type Place = {
  /**
   * Writes the piece once it has come and was checked, unless its offset is wrong by then. `answer`: the next one may come,
   * which is so before all of this one is written, but for the last of a result; what fails after that is told to the next
   * call. Both reject alike before. @throws VcError as `enter`, storage_full, storage
   */
  put(coming: Promise<Uint8Array>): { answer: Promise<Put>; written: Promise<unknown> };
  leave(): void;
};

type Queue = Pick<Coordinator, "heldAttempt" | "isHeld" | "roomKeptFor">;

/** A film and the subtitles beside it; more would only fill the folder. */
const MOST_FILES = 200;
/** No staging file's name. */
const BEGINNINGS = "";

/**
 * Results that come in pieces. Each staging file is worked on by one call at a time; how much of it has come is asked of
 * the disk, how much is to come (and kept free for it, as far as that is plausible) lives in memory and ends with the attempt.
 */
export function createUploads({ storage, coordinator }: { storage: Storage; coordinator: Queue }): Uploads {
  const uploads = new Map<string, Upload>();
  const inTurn = createQueues();
  const order = createPieceOrder();

  /** Those whose attempt has ended are forgotten. */
  const running = (): Upload[] => {
    for (const [name, upload] of uploads) if (!coordinator.isHeld(upload)) uploads.delete(name);
    return [...uploads.values()];
  };
  /** A finished film goes before those of which nobody knows how large they become: two of these could wait for ever. */
  const placeFor = ({ final }: { final: boolean }) => ({
    staging_path: storage.staging_path,
    promisedBeside(staging: string): Promised {
      const others = (all: Upload[]) => all.filter((one) => one.staging !== staging && (one.final || !final));
      return {
        at_most: said(others([...uploads.values()])),
        exactly: () => promised(others(running()), coordinator.roomKeptFor),
      };
    },
  });

  const find = (piece: Piece): Upload => {
    requireRunning(coordinator, piece);
    const upload = uploads.get(piece.staging);
    if (upload === undefined || !isOf(upload, piece)) throw unknownUpload(piece.staging);
    const { failure } = upload;
    if (failure === undefined) return upload;
    delete upload.failure;
    throw failure;
  };

  const put = (
    piece: Piece,
    { coming, before, leave }: { coming: Promise<Uint8Array>; before: Promise<void>; leave: () => void },
  ) => {
    const taken = Promise.withResolvers<Put>();
    // It may fail while the file is still being opened, and is asked for after that.
    coming.catch(() => {});
    const written = withUpload(storage, piece, async (file) => {
      const bytes = await coming;
      await before;
      return inTurn(piece.staging, async () => {
        const upload = find(piece);
        return putPiece(placeFor(upload), upload, { file, piece, bytes, onTaken: taken.resolve });
      });
    }).finally(leave);
    return { answer: Promise.race([taken.promise, written]), written };
  };

  return {
    async begin(input) {
      // What was handed in already needs nothing more; repeating the hand-in tells what became of it.
      if (coordinator.heldAttempt(input).state === "handed_in") return input.size;
      requireName(input);
      const begin = async () => {
        await requireOutputs(storage);
        requireRunning(coordinator, input);
        requireFew(running(), input);
        const upload = await beginStaging(placeFor(input), input);
        uploads.set(input.staging, upload);
        return upload.length;
      };
      // One after the other: two at once would be promised the same room.
      return inTurn(input.staging, () => inTurn(BEGINNINGS, begin));
    },
    enter(piece) {
      const { length } = find(piece);
      if (!fits(piece, length) && !order.follows(piece)) return { wrong: { written: false, right: length } };
      const { before, leave } = order.enter(piece);
      return { place: { put: (coming) => put(piece, { coming, before, leave }), leave } };
    },
    async settle(of) {
      const names = [...uploads.values()].filter((one) => isOf(one, of)).map(({ staging }) => staging);
      for (const name of names) {
        uploads.delete(name);
        await inTurn(name, async () => undefined);
      }
    },
  };
}

/** What is to come of these, if all of it comes. */
function said(uploads: readonly Upload[]): number {
  return uploads.reduce((sum, { size, length }) => sum + Math.max(0, size - length), 0);
}

/** What is still to come of these, as far as it is plausible of their attempts. */
function promised(uploads: readonly Upload[], kept: (of: AttemptKey) => number): number {
  const attempts = Map.groupBy(uploads, ({ job_id, attempt }) => `${job_id}.${attempt}`);
  return [...attempts.values()].reduce((sum, files) => {
    const [first] = files;
    const said = files.reduce((all, { size, length }) => all + Math.max(size, length), 0);
    const there = files.reduce((all, { length }) => all + length, 0);
    return sum + (first === undefined ? 0 : Math.max(0, Math.min(said, kept(first)) - there));
  }, 0);
}

function requireRunning(coordinator: Queue, of: AttemptKey & { worker_id: string }): void {
  if (coordinator.heldAttempt(of).state === "running") return;
  throw new VcError("stale_attempt", `Attempt ${of.attempt} of job ${of.job_id} was handed in already.`);
}

function requireName({ staging, job_id, attempt }: Input<"upload">): void {
  const name = parseStagingName(staging);
  if (name !== null && isOf(name, { job_id, attempt })) return;
  const message = `staging: must be a name of this attempt's, ${job_id}.${attempt}.partial and an extension.`;
  throw new VcError("bad_request", message);
}

function requireFew(uploads: readonly Upload[], input: Input<"upload">): void {
  const known = uploads.filter((one) => isOf(one, input));
  if (known.length < MOST_FILES || known.some(({ staging }) => staging === input.staging)) return;
  throw new VcError("bad_request", `staging: an attempt hands in at most ${MOST_FILES} files.`);
}

function isOf(one: AttemptKey, other: AttemptKey): boolean {
  return one.job_id === other.job_id && one.attempt === other.attempt;
}
