import type { ByteInput } from "../../shared/endpoints-transfer.ts";
import { VcError } from "../../shared/errors.ts";
import { freeBytes } from "../../shared/free-bytes.ts";
import type { Throttle } from "../../shared/throttle.ts";
import * as wire from "../../shared/transfer.ts";
import type { Coordinator } from "./coordinator.ts";
import type { ByteHandlers, ByteRefusal, Exchange } from "./http-bytes.ts";
import { bodyOf, readPiece } from "./piece-body.ts";
import type { PieceBuffers } from "./piece-buffers.ts";
import { readSourcePiece, requireSource } from "./source-piece.ts";
import type { Storage } from "./storage.ts";
import type { Turns } from "./transfer-turns.ts";
import type { Put } from "./upload-file.ts";
import type { Uploads } from "./uploads.ts";

type Parts = {
  coordinator: Pick<Coordinator, "heldAttempt">;
  storage: Storage;
  uploads: Uploads;
  turns: Turns;
  buffers: PieceBuffers;
  /** From the master's point of view. */
  sending: Throttle;
  receiving: Throttle;
};

/** What workers without a mount call: sources out, results in, piece by piece. See endpoints-transfer.ts. */
export function transferHandlers(parts: Parts): ByteHandlers {
  return {
    source: (input, exchange) => sendSource(parts, input, exchange),
    output: (input, exchange) => takeOutput(parts, input, exchange),
  };
}

const BYTES = { "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream" };

async function sendSource(
  parts: Parts,
  input: ByteInput<"source">,
  exchange: Exchange,
): Promise<Response | ByteRefusal> {
  const { storage, sending } = parts;
  const source = heldSource(parts, input);
  const size = source.source_size;
  if (exchange.request.method === "HEAD") {
    await requireSource(storage, source);
    return new Response(null, { headers: { ...BYTES, "Content-Length": String(size) } });
  }
  const range = wire.parseRange(exchange.request.headers.get("range"));
  if (range === null)
    throw new VcError("bad_request", "Range: must be one of the form bytes=A-B or bytes=A-.");
  if (range.from >= size) {
    // Whoever asks beyond the end may have another file in mind.
    await requireSource(storage, source);
    const message = `the source has ${size} bytes, and byte ${range.from} is none of them.`;
    return { error: "bad_range", message, headers: { "Content-Range": `bytes */${size}` } };
  }
  const to = Math.min(range.to ?? size - 1, range.from + wire.MOST_PIECE_BYTES - 1, size - 1);
  const end = await takeTurn(parts, input, exchange);
  const buffer = parts.buffers.take();
  const bytes = buffer.subarray(0, to - range.from + 1);
  try {
    const hash = await readSourcePiece(storage, source, { from: range.from, bytes });
    const headers = {
      ...BYTES,
      "Content-Range": wire.formatContentRange({ from: range.from, to, size }),
      [wire.HASH_HEADER]: hash,
    };
    const sent = () => {
      parts.buffers.give(buffer);
      end();
    };
    const body = bodyOf(bytes, { exchange, throttle: sending, sent, dropped: end });
    return new Response(body, { status: 206, headers });
  } catch (error) {
    end();
    throw error;
  }
}

function heldSource({ coordinator }: Parts, input: ByteInput<"source">) {
  const held = coordinator.heldAttempt(input);
  if (held.state === "running") return held;
  throw new VcError(
    "stale_attempt",
    `Attempt ${input.attempt} of job ${input.job_id} was handed in already.`,
  );
}

async function takeOutput(
  parts: Parts,
  input: ByteInput<"output">,
  exchange: Exchange,
): Promise<Response | ByteRefusal> {
  const { headers } = exchange.request;
  const offset = wire.parseOffset(headers.get(wire.OFFSET_HEADER));
  if (offset === null) throw new VcError("bad_request", `${wire.OFFSET_HEADER}: must be a count of bytes.`);
  const { length, hash } = announced(headers);
  // Before anything of the body is asked for.
  const entered = parts.uploads.enter({ ...input, offset, length });
  if ("wrong" in entered) return wrongOffset(entered.wrong);
  const { place } = entered;
  const end = await takeTurn(parts, input, exchange).catch((error: unknown) => {
    place.leave();
    throw error;
  });
  const coming = readChecked(parts, exchange, { length, hash });
  const { answer, written } = place.put(coming);
  const done = async () => {
    await coming.then(freeBytes, () => undefined);
    end();
  };
  written.then(done, done);
  const put = await answer;
  if (!put.written) return wrongOffset(put);
  return new Response(null, { status: 204, headers: { [wire.OFFSET_HEADER]: String(put.right) } });
}

async function readChecked(
  { receiving }: Parts,
  exchange: Exchange,
  { length, hash }: { length: number; hash: string },
): Promise<Uint8Array> {
  const bytes = await readPiece(exchange, { length, throttle: receiving });
  if (wire.pieceHash(bytes) === hash) return bytes;
  throw new VcError("corrupt_piece", `the piece does not fit its ${wire.HASH_HEADER}: send it again.`);
}

/** What a piece says of itself. Throws VcError "bad_request" or "too_large". */
function announced(headers: Headers): { length: number; hash: string } {
  if (headers.get("content-type") !== wire.PIECE_TYPE)
    throw new VcError("bad_request", `Content-Type: must be ${wire.PIECE_TYPE}.`);
  const length = wire.parseOffset(headers.get("content-length"));
  if (length === null) throw new VcError("bad_request", "Content-Length: is missing.");
  if (length > wire.MOST_PIECE_BYTES)
    throw new VcError("too_large", `a piece has at most ${wire.MOST_PIECE_BYTES} bytes.`);
  const hash = wire.parsePieceHash(headers.get(wire.HASH_HEADER));
  if (hash === null) throw new VcError("bad_request", `${wire.HASH_HEADER}: must be 16 hex digits.`);
  return { length, hash };
}

function wrongOffset({ right }: Put): ByteRefusal {
  const message = `the piece does not belong there: ${right} bytes of the result lie on the master's disk.`;
  return { error: "wrong_offset", message, headers: { [wire.OFFSET_HEADER]: String(right) } };
}

/** Whoever waits for a turn may be silent for long. */
async function takeTurn(
  { turns }: Parts,
  { worker_id }: { worker_id: string },
  { connection, signal }: Exchange,
): Promise<() => void> {
  connection.unhurried();
  const end = await turns.take(worker_id, signal);
  connection.hurried();
  return end;
}
