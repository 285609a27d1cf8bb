import { VcError } from "../../shared/errors.ts";
import type { Throttle } from "../../shared/throttle.ts";
import type { Exchange } from "./http-bytes.ts";

/** So much is given to the network at once; a limited line is shared in such portions. */
const PORTION_BYTES = 256 * 1024;

/**
 * The bytes of an answer, given out as fast as they are taken. `end` is called once all were, or the caller hung up. It
 * travels in chunks: Bun (1.4.5) gives the body of known length no way to tell when it has left.
 */
export function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  { exchange, throttle, end }: { exchange: Exchange; throttle: Throttle; end: () => void },
): ReadableStream<Uint8Array> {
  const { signal } = exchange;
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  let at = 0;
  const pull = async (stream: ReadableStreamDefaultController<Uint8Array>) => {
    const portion = bytes.subarray(at, at + PORTION_BYTES);
    await hold(exchange, throttle.pass(portion.byteLength, signal));
    stream.enqueue(portion);
    at += portion.byteLength;
    if (at < bytes.byteLength) return;
    stream.close();
    signal.removeEventListener("abort", end);
    end();
  };
  return new ReadableStream({ pull, cancel: end }, { highWaterMark: 0 });
}

/** Reads a body of the length that it announced. Throws VcError "bad_request" where it is shorter or longer. */
export async function readPiece(
  exchange: Exchange,
  { length, throttle }: { length: number; throttle: Throttle },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const portion of exchange.request.body ?? []) {
    if (filled + portion.byteLength > length) break;
    bytes.set(portion, filled);
    filled += portion.byteLength;
    await hold(exchange, throttle.pass(portion.byteLength, exchange.signal));
  }
  if (filled === length) return bytes;
  throw new VcError("bad_request", `the body has not the ${length} bytes that it announced.`);
}

/** While the master holds bytes back, the connection's silence is not its caller's. */
async function hold({ connection }: Exchange, turn: Promise<void> | null): Promise<void> {
  if (turn === null) return;
  connection.unhurried();
  await turn;
  connection.hurried();
}
