import type { FuzzRequest } from "./requests.ts";

/** `status` null: the connection ended without an answer, or the call was given up. */
export type Outcome = { status: number | null; text: string; type: string };

const PATIENCE_MS = 5_000;

/** Sends a request as bytes, so that nothing puts it right on its way, and reads the answer to its end. */
export async function send(port: number, request: FuzzRequest, hang_up_ms: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pieces: Uint8Array[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, piece) => void pieces.push(Uint8Array.from(piece)),
      close: () => resolve(),
      error: () => resolve(),
    },
  });
  const timer = setTimeout(resolve, Math.min(hang_up_ms, PATIENCE_MS));
  writeAll(socket, bytesOf(request));
  await promise;
  clearTimeout(timer);
  socket.terminate();
  return parse(Buffer.concat(pieces).toString("utf8"));
}

function bytesOf({ method, target, headers, body }: FuzzRequest): Uint8Array {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === null ? [] : [`Content-Length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? new Uint8Array()]);
}

/** A socket takes what fits and must be asked again for the rest. */
function writeAll(socket: Bun.Socket, bytes: Uint8Array): void {
  const written = Math.max(0, socket.write(bytes));
  if (written < bytes.length)
    setTimeout(() => socket.readyState === 1 && writeAll(socket, bytes.subarray(written)), 1);
}

function parse(answer: string): Outcome {
  if (answer.startsWith("HTTP/1.1 100 ")) return parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
  const end = answer.indexOf("\r\n\r\n");
  const type = /^content-type: *([^;\r]*)/im.exec(answer.slice(0, end))?.[1] ?? "";
  return { status: status === undefined ? null : Number(status), text: answer.slice(end + 4), type };
}
