import { type IncomingMessage, request } from "node:http";

/** What a stream says of itself: its size in bytes, and its ETag; null where it does not say. */
export type StreamHead = { status: number; size: number | null; tag: string | null };

/** Asks for a stream of this machine without reading it. Waits as long as it takes. Rejects where nobody answers. */
export async function headStream(url: string, signal?: AbortSignal): Promise<StreamHead> {
  const answer = await send({ url, method: "HEAD", headers: {}, signal });
  answer.resume();
  const { "content-length": size, etag } = answer.headers;
  return {
    ...{ status: answer.statusCode ?? 0, tag: etag ?? null },
    size: size === undefined ? null : Number(size),
  };
}

/** Some bytes of a stream; fewer where it breaks off. Rejects where it answers with anything but bytes from `at` on. */
export async function readStream(of: { url: string; at: number; length: number }): Promise<Buffer> {
  const { url, at, length } = of;
  const answer = await send({ url, method: "GET", headers: { Range: `bytes=${at}-${at + length - 1}` } });
  if (answer.statusCode !== 206 || !answer.headers["content-range"]?.startsWith(`bytes ${at}-`)) {
    answer.destroy();
    throw new Error(`asked for bytes from ${at} on, it answered with ${answer.statusCode}`);
  }
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces).subarray(0, length);
}

/** Not by fetch, which sends what is asked of this machine to a proxy, too, where the environment names one. It follows no redirect. */
function send(of: {
  url: string;
  method: string;
  headers: Record<string, string>;
  signal?: AbortSignal | undefined;
}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, headers, signal } = of;
    const sent = request(of.url, { method, headers, ...(signal === undefined ? {} : { signal }) });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end();
  });
}
