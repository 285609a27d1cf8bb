import { open } from "node:fs/promises";
import { extname } from "node:path";

/** What a film's server does with one request for bytes instead of answering it as it should. */
export type Trouble = {
  /** Gives no byte until this is resolved. */
  wait?: Promise<unknown>;
  /** Answers with this status, and nothing else; `location`: of a redirect. */
  status?: number;
  location?: string;
  /** Breaks the connection off after so many bytes of its answer. */
  cut_after?: number;
};

export type FilmServer = {
  /** Of the film, as the worker's own endpoint would name it. */
  url: string;
  port: number;
  /** Requests for bytes, and how many bytes were given to the system for them, so that some were never read. */
  requests(): number;
  bytes(): number;
  /** The most bytes that one request got, and so on down. */
  longest(): number[];
  stop(): Promise<void>;
};

type Asked = { n: number; from: number };
/** `end` is the first byte that is not given any more; `cut_at` the one before which the connection breaks. */
type Span = Asked & { end: number; cut_at: number | null };

/**
 * Serves one file by ranges, on the loopback, in pieces of 64 KiB. `trouble` is asked at each request for bytes (n counts
 * from 1), `head` at each HEAD.
 */
export async function serveFilm(
  path: string,
  { trouble, head }: { trouble?: (asked: Asked) => Trouble | null; head?: () => Response | null } = {},
): Promise<FilmServer> {
  const file = await open(path, "r");
  const given: number[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (new URL(request.url).pathname !== address) return new Response(null, { status: 404 });
      const { size } = await file.stat();
      if (request.method === "HEAD")
        return head?.() ?? new Response(null, { headers: { "Content-Length": `${size}` } });
      const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("Range") ?? "") ?? [];
      const from = Number(first);
      const n = given.push(0);
      const { wait, status, location = "", cut_after } = trouble?.({ n, from }) ?? {};
      await wait;
      if (status !== undefined) return new Response(null, { status, headers: { Location: location } });
      if (from >= size)
        return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${size}` } });
      const end = Math.min(size, last === "" ? size : Number(last) + 1);
      const cut_at = cut_after === undefined ? null : from + cut_after;
      const headers = { "Content-Range": `bytes ${from}-${end - 1}/${size}`, "Accept-Ranges": "bytes" };
      return new Response(pieces({ n, from, end, cut_at }), { status: 206, headers });
    },
    error: () => new Response(null, { status: 500 }),
  });

  function pieces({ n, from, end, cut_at }: Span): ReadableStream<Uint8Array> {
    let at = from;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (cut_at !== null && at >= cut_at) return controller.error();
          const length = Math.min(PIECE_BYTES, end - at, (cut_at ?? end) - at);
          const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
          at += bytesRead;
          given[n - 1] = at - from;
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
          if (at >= end || bytesRead === 0) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  const address = `/${SECRET}/film${extname(path)}`;
  return {
    ...{ url: `http://127.0.0.1:${server.port}${address}`, port: server.port ?? 0 },
    requests: () => given.length,
    bytes: () => given.reduce((sum, one) => sum + one, 0),
    longest: () => given.toSorted((a, b) => b - a),
    async stop() {
      await server.stop(true);
      await file.close();
    },
  };
}

const SECRET = "0123456789abcdefghijklmnopqrstuv";
const PIECE_BYTES = 65_536;
