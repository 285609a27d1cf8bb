/** As much of HTTP/1.1 as a line between a worker and its master has to understand to do harm where it hurts. */

/** One request and its answer; calls of one connection follow each other. */
export type Exchange = {
  method: string;
  path: string;
  head: Buffer;
  /** Bytes of the request's body. */
  length: number;
  /** Bytes of a film that it asks for or brings; 0 for all other calls. */
  piece: number;
  /** Where in the result its bytes belong. */
  offset: number;
};

/** Of the bytes up to the empty line, that line among them. */
export function parseRequest(head: Buffer): Exchange {
  const text = head.toString("latin1");
  const [method = "", path = ""] = text.split(" ", 2);
  const field = (name: string) => new RegExp(`^${name}: *(.*?)\r$`, "im").exec(text)?.[1];
  const length = Number(field("content-length") ?? 0);
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(field("range") ?? "") ?? [];
  const asked = from === undefined || to === undefined ? 0 : Number(to) - Number(from) + 1;
  return {
    method,
    path,
    head,
    length,
    piece: method === "PATCH" ? length : asked,
    offset: Number(field("upload-offset") ?? 0),
  };
}

const EMPTY_LINE = Buffer.from("\r\n\r\n");

/** Parts a direction of a connection into heads and bodies; `next` says that another head is to come. */
export function createHeads() {
  let before = Buffer.alloc(0);
  let inHead = true;
  return {
    next(): void {
      inHead = true;
    },
    /** The head, once it is complete, and what follows it; `head` is null where it went by before. */
    take(bytes: Buffer): { head: Buffer | null; body: Buffer } | null {
      if (!inHead) return { head: null, body: bytes };
      const all = Buffer.concat([before, bytes]);
      const at = all.indexOf(EMPTY_LINE);
      before = at === -1 ? all : Buffer.alloc(0);
      if (at === -1) return null;
      inHead = false;
      const end = at + EMPTY_LINE.length;
      return { head: all.subarray(0, end), body: all.subarray(end) };
    },
  };
}
