import { randomBytes } from "node:crypto";
import { type ErrorCode, VcError } from "../../../shared/errors.ts";
import { openSockets } from "../../../shared/sockets.ts";
import { formatContentRange, parseRange } from "../../../shared/transfer.ts";
import { isOwnPeer } from "./peer-user.ts";
import { streamPieceSize } from "./piece-size.ts";
import type { SourceReader } from "./source-reader.ts";

/** A film that ffmpeg can read at `url`, until it is closed. */
export type OpenStream = { url: string; close(): void };
export type StreamEndpoint = {
  /** `extension` with its dot; it is all of the film's name that stands in the address. */
  open(of: { extension: string; reader: SourceReader }): OpenStream;
  stop(): Promise<void>;
};

/**
 * An HTTP server on the loopback that has the films of running attempts, each under a secret of its own: ffmpeg reads
 * them by ranges, and needs neither token nor TLS. It starts with the first film. A secret opens one film, for as long as
 * its attempt runs and for this user only.
 */
export function createStreamEndpoint(): StreamEndpoint {
  const films = new Map<string, SourceReader>();
  let server: ReturnType<typeof listen> | null = null;
  return {
    open({ extension, reader }) {
      if (server === null) {
        server = listen(films);
        keepUnreadShort(server.port ?? 0);
      }
      const suffix = /^\.[0-9A-Za-z]{1,10}$/.test(extension) ? extension.toLowerCase() : "";
      const path = `/${randomBytes(24).toString("base64url")}/film${suffix}`;
      films.set(path, reader);
      return {
        url: `http://127.0.0.1:${server.port}${path}`,
        close: () => void films.delete(path),
      };
    },
    async stop() {
      films.clear();
      await server?.stop(true);
    },
  };
}

/** ffmpeg looks at many places and leaves them soon: what the system holds for it then was fetched in vain. */
const UNREAD_BYTES = 128 * 1024;

function keepUnreadShort(port: number): void {
  try {
    openSockets()?.limitUnread(port, UNREAD_BYTES);
  } catch {
    // It only saves bytes.
  }
}

function listen(films: ReadonlyMap<string, SourceReader>) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // ffmpeg reads as fast as it encodes, and the master may be away for long.
    idleTimeout: 0,
    development: false,
    async fetch(request, server) {
      const { pathname } = new URL(request.url);
      const reader = films.get(pathname);
      const { port = 0 } = server;
      // Another name for this address is a page in a browser that was lured here.
      if (reader === undefined || request.headers.get("Host") !== `127.0.0.1:${port}`)
        return new Response(null, { status: 404 });
      const peer_port = server.requestIP(request)?.port ?? 0;
      if (!(await isOwnPeer({ port, peer_port }))) return new Response(null, { status: 404 });
      if (request.method === "HEAD") return head(reader);
      if (request.method !== "GET")
        return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
      return answer(request, reader);
    },
    error: () => new Response(null, { status: 502 }),
  });
}

const HEADERS = { "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream" };

/** Answered once the film's begin is here: whoever asks wants to know whether it can be read. */
async function head(reader: SourceReader): Promise<Response> {
  try {
    if (reader.size > 0) (await reader.piece(0, streamPieceSize(0))).over("done");
    return new Response(null, { headers: { ...HEADERS, "Content-Length": `${reader.size}` } });
  } catch (error) {
    return new Response(null, { status: statusOf(error) });
  }
}

/** What readers tell from a line that was cut: the film is another one by now, or is no longer to be had. */
function statusOf(error: unknown): number {
  const code = error instanceof VcError ? error.code : null;
  if (code === "source_changed") return 409;
  return code !== null && OVER.has(code) ? 410 : 502;
}

const OVER: ReadonlySet<ErrorCode> = new Set([
  "source_missing",
  "source_unreadable",
  "stale_attempt",
  "not_found",
]);

function answer(request: Request, reader: SourceReader): Response {
  const { size } = reader;
  const asked = request.headers.get("Range");
  const range = parseRange(asked);
  if (asked === null || range === null) return new Response(stream(reader, 0, size), { headers: HEADERS });
  if (range.from >= size)
    return new Response(null, { status: 416, headers: { ...HEADERS, "Content-Range": `bytes */${size}` } });
  const to = Math.min(size - 1, range.to ?? size - 1);
  const headers = { ...HEADERS, "Content-Range": formatContentRange({ from: range.from, to, size }) };
  return new Response(stream(reader, range.from, to + 1), { status: 206, headers });
}

const LOOKERS_PIECES = 6;

/**
 * The bytes from `from` up to `to`, as they are taken. A source that fails for good breaks the connection off: ffmpeg
 * must not take it for the film's end.
 */
function stream(reader: SourceReader, from: number, to: number): ReadableStream<Uint8Array> {
  let at = from;
  let taken = 0;
  let cut = false;
  let over = (_: "done" | "cut") => {};
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Asked for more, the system has taken all that was given before.
        over("done");
        over = () => {};
        if (at >= to) return controller.close();
        const piece = await reader.piece(at, Math.min(to - at, streamPieceSize(taken)));
        over = piece.over;
        if (cut) return over("cut");
        const begin = at - piece.from;
        const bytes = piece.bytes.subarray(begin, Math.min(piece.bytes.length, begin + to - at));
        at += bytes.length;
        taken += 1;
        // Others only look at some place.
        if (taken > LOOKERS_PIECES && at < to) reader.ahead(at, streamPieceSize(taken));
        controller.enqueue(bytes);
      },
      cancel() {
        cut = true;
        over("cut");
      },
    },
    { highWaterMark: 0 },
  );
}
