import { VcError } from "../../shared/errors.ts";
import { freeBytes } from "../../shared/free-bytes.ts";
import type { Throttle } from "../../shared/throttle.ts";
import type { Exchange } from "./http-bytes.ts";

/** So much is given to the network at once; a limited line is shared in such portions. */
const PORTION_BYTES = 256 * 1024;

/**
 * The bytes of an answer, given out as fast as they are taken: `sent` is called once the network has all of them,
 * `dropped` when the caller hung up before. It travels in chunks: Bun (1.4.5) does not tell when a body of known length
 * has left.
 */
export function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  of: { exchange: Exchange; throttle: Throttle; sent: () => void; dropped: () => void },
): ReadableStream<Uint8Array> {
  const { exchange, throttle, sent, dropped } = of;
  const { signal } = exchange;
  if (signal.aborted) dropped();
  signal.addEventListener("abort", dropped, { once: true });
  let at = 0;
  const pull = async (stream: ReadableStreamDefaultController<Uint8Array>) => {
    signal.throwIfAborted();
    if (at === bytes.byteLength) {
      // Asked for more, the network has taken all that was given before.
      stream.close();
      signal.removeEventListener("abort", dropped);
      return sent();
    }
    const portion = bytes.subarray(at, at + PORTION_BYTES);
    await hold(exchange, throttle.pass(portion.byteLength, signal));
    stream.enqueue(portion);
    at += portion.byteLength;
  };
  return new ReadableStream({ pull, cancel: dropped }, { highWaterMark: 0 });
}

/** The bytes of a body, which announced so many. Throws VcError "bad_request" where it has others. */
export async function readPiece(
  exchange: Exchange,
  { length, throttle }: { length: number; throttle: Throttle },
): Promise<Uint8Array> {
  const bytes = throttle.limited
    ? await readPortions(exchange, { length, throttle })
    : await exchange.request.bytes();
  if (bytes.byteLength === length) return bytes;
  throw new VcError("bad_request", `the body has not the ${length} bytes that it announced.`);
}

async function readPortions(
  exchange: Exchange,
  { length, throttle }: { length: number; throttle: Throttle },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const portion of exchange.request.body ?? []) {
    if (filled + portion.byteLength > length) break;
    bytes.set(portion, filled);
    filled += portion.byteLength;
    const turn = throttle.pass(portion.byteLength, exchange.signal);
    freeBytes(portion);
    await hold(exchange, turn);
  }
  return bytes.subarray(0, filled);
}

/** While the master holds bytes back, the connection's silence is not its caller's. */
async function hold({ connection }: Exchange, turn: Promise<void> | null): Promise<void> {
  if (turn === null) return;
  connection.unhurried();
  await turn;
  connection.hurried();
}
