import * as v from "valibot";
import { whyUnanswered } from "../../../shared/client.ts";
import { VcError } from "../../../shared/errors.ts";
import { freeBytes } from "../../../shared/free-bytes.ts";
import { printable } from "../../../shared/printable.ts";
import { ErrorBody } from "../../../shared/protocol.ts";
import { createThrottle } from "../../../shared/throttle.ts";
import type { Trust } from "../../../shared/tls.ts";
import {
  formatRange,
  HASH_HEADER,
  MOST_PIECE_BYTES,
  OFFSET_HEADER,
  PIECE_TYPE,
  parseContentRange,
  parseOffset,
  parsePieceHash,
  pieceHash,
} from "../../../shared/transfer.ts";

/** One try each at the calls whose body or answer is a piece of a film. */
export type ByteCalls = {
  /**
   * The bytes from `from` up to `to` (not counted in), or fewer, at least one. Throws VcError with the code of the
   * master's refusal, or `unreachable`, also for a piece that is not what its hash says, and where nothing comes for
   * `silence_ms`.
   */
  get(path: string, range: { from: number; to: number }, of: Patience): Promise<Uint8Array>;
  /** Sends a piece. `there`: how much lies there now; `wrong` where the piece does not belong behind that. */
  patch(path: string, piece: SentPiece, signal: AbortSignal): Promise<{ there: number; wrong: boolean }>;
};

type Patience = { signal: AbortSignal; silence_ms?: number };
export type SentPiece = { offset: number; bytes: Uint8Array; hash: string };

/** Until the first byte of an answer: the master may let calls wait for their turn. */
const ANSWER_MS = 120_000;
/** Between two bytes of an answer. */
const IDLE_MS = 30_000;

/** `limit_bytes_per_s` holds for each direction; 0 is none. */
export function createByteCalls(of: {
  master_url: string;
  token: string | null;
  trust: Trust;
  limit_bytes_per_s: number;
}): ByteCalls {
  const base = of.master_url.replace(/\/+$/, "");
  const token: Record<string, string> = of.token === null ? {} : { Authorization: `Bearer ${of.token}` };
  const down = createThrottle(of.limit_bytes_per_s);
  const up = createThrottle(of.limit_bytes_per_s);

  const call = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Response> => {
    const tls = await of.trust.options(signal);
    const headers = { ...token, ...(init.headers as Record<string, string>) };
    return fetch(base + path, { ...init, headers, redirect: "manual", signal, ...tls });
  };

  return {
    async get(path, { from, to }, { signal, silence_ms = Number.POSITIVE_INFINITY }) {
      const range = { from, to: Math.min(to, from + MOST_PIECE_BYTES) - 1 };
      await down.pass(range.to - from + 1, signal);
      const line = { base, trust: of.trust, signal, answer_ms: Math.min(ANSWER_MS, silence_ms) };
      const idle_ms = Math.min(IDLE_MS, silence_ms);
      return once(line, async (cut, alive) => {
        const headers = { Range: formatRange(range), "Accept-Encoding": "identity" };
        const response = await call(path, { headers }, cut);
        if (response.status !== 206) throw await refusalOf(base, response);
        alive(idle_ms);
        const said = parseContentRange(response.headers.get("Content-Range"));
        if (said?.from !== from || said.to > range.to)
          throw broken(base, "it sent another piece of the film");
        const length = said.to - from + 1;
        const bytes = await readPiece(response, length, () => alive(idle_ms));
        if (pieceHash(bytes) !== parsePieceHash(response.headers.get(HASH_HEADER)))
          throw broken(base, "a piece of the film was changed on its way");
        return bytes;
      });
    },
    async patch(path, { offset, bytes, hash }, signal) {
      await up.pass(bytes.length, signal);
      return once({ base, trust: of.trust, signal, answer_ms: ANSWER_MS }, async (cut) => {
        const headers = {
          "Content-Type": PIECE_TYPE,
          [OFFSET_HEADER]: `${offset}`,
          [HASH_HEADER]: hash,
        };
        const response = await call(path, { method: "PATCH", headers, body: bytes }, cut);
        const there = parseOffset(response.headers.get(OFFSET_HEADER));
        if (response.status === 204 && there !== null) return { there, wrong: false };
        const refusal = await refusalOf(base, response);
        if (refusal.code === "wrong_offset" && there !== null) return { there, wrong: true };
        throw refusal;
      });
    },
  };
}

type Line = { base: string; trust: Trust; signal: AbortSignal; answer_ms: number };

/**
 * One call that ends with `signal`, and when its answer does not come; each `alive` gives it so much more time. What
 * the network says is told as `unreachable`.
 */
async function once<T>(
  { base, trust, signal, answer_ms }: Line,
  step: (cut: AbortSignal, alive: (within_ms: number) => void) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const cut = new AbortController();
  const end = () => cut.abort(signal.reason);
  signal.addEventListener("abort", end);
  const late = () => cut.abort(new Error("no bytes came any more"));
  let timer = setTimeout(late, answer_ms);
  const alive = (within_ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(late, within_ms);
  };
  try {
    return await step(cut.signal, alive);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VcError) throw error;
    await trust.doubt(error, signal);
    throw broken(base, whyUnanswered(cut.signal.aborted ? cut.signal.reason : error), error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

async function readPiece(response: Response, length: number, onPortion: () => void): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const portion of response.body ?? []) {
    if (at + portion.byteLength > length) throw new Error("more bytes came than were announced");
    bytes.set(portion, at);
    at += portion.byteLength;
    onPortion();
    freeBytes(portion);
  }
  if (at < length) throw new Error("the connection was broken off");
  return bytes;
}

/** The longest sentence that is read of a refusal. */
const MOST_REFUSAL_BYTES = 65_536;

async function refusalOf(base: string, response: Response): Promise<VcError> {
  const text = await shortText(response);
  const refusal = v.safeParse(ErrorBody, parseJson(text));
  if (refusal.success) return new VcError(refusal.output.error, printable(refusal.output.message));
  return broken(base, `it answered ${response.status} and not as a vc master does`);
}

async function shortText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_REFUSAL_BYTES) break;
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function broken(base: string, reason: string, cause?: unknown): VcError {
  return new VcError("unreachable", `cannot reach the master at ${base}: ${reason}`, { cause });
}
