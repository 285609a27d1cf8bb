import * as v from "valibot";
import { count, type EndpointShape, flag, Id, Text } from "./endpoint.ts";

/**
 * What workers without a mount call. Sources come in pieces by `source`, results go up by `upload` and `output`:
 *
 *  1. `upload` makes the staging file, keeps room for it and says how much of it lies there. It may be repeated at any
 *     time, and must be after `unknown_upload` (the master was restarted).
 *  2. `output` adds a piece where the file ends; `wrong_offset` says where that is. With `rewrite` a piece replaces what
 *     lies there already.
 *  3. `upload` with `final: true` and the exact size cuts off what is longer. Then `job_complete`, whose outputs say
 *     their sha256: the master compares it with what lies on its disk before it publishes.
 *
 * An attempt that its worker no longer holds is refused with `stale_attempt` before its bytes are read; a source that is
 * no longer what was claimed with `source_changed` or `source_missing`.
 */
const AttemptOf = { worker_id: Id, job_id: Id, attempt: count(1e9) };
const Bytes = count(Number.MAX_SAFE_INTEGER);
const Staging = Text(300);

export const transferEndpoints = {
  upload: {
    method: "POST",
    path: "/api/worker/upload",
    access: "worker",
    summary:
      "Begins or goes on with the upload of a result: keeps room for `size` bytes (`final`: exactly so many; what is longer is cut off), and says how many lie there.",
    input: v.object({ ...AttemptOf, staging: Staging, size: Bytes, final: v.optional(flag, false) }),
    reply: v.object({ offset: v.number() }),
  },
} as const satisfies Record<string, EndpointShape>;

/** A call whose body or answer is a piece of a film; what it says of itself stands in path, query and headers. */
export type ByteRouteShape = {
  method: "GET" | "PATCH";
  path: string;
  access: "worker";
  summary: string;
  /** The fields of path and query. */
  input: v.GenericSchema<unknown, { worker_id: string; job_id: string; attempt: number }>;
  /** What travels, for /openapi.json. */
  sends: "request" | "response";
};

/** The headers of these calls are told in transfer.ts. */
export const byteRoutes = {
  source: {
    method: "GET",
    path: "/api/worker/jobs/:job_id/source",
    access: "worker",
    summary:
      "A piece of the source of an attempt: `Range: bytes=A-B` or `bytes=A-`, answered by 206 with at most 4 MiB from A on, and their Piece-XXH3. HEAD checks, and tells the size.",
    input: v.object(AttemptOf),
    sends: "response",
  },
  output: {
    method: "PATCH",
    path: "/api/worker/jobs/:job_id/output",
    access: "worker",
    summary:
      "A piece of a result, at most 4 MiB, for `Upload-Offset`, with its Piece-XXH3; answered by 204 with the new Upload-Offset, or by 409 wrong_offset with the right one. `rewrite` replaces bytes that lie there.",
    input: v.object({ ...AttemptOf, staging: Staging, rewrite: v.optional(flag, false) }),
    sends: "request",
  },
} as const satisfies Record<string, ByteRouteShape>;

export type ByteRoute = keyof typeof byteRoutes;
export type ByteInput<R extends ByteRoute> = v.InferOutput<(typeof byteRoutes)[R]["input"]>;

/** The path and query of a byte call. */
export function bytePath<R extends ByteRoute>(
  route: R,
  input: v.InferInput<(typeof byteRoutes)[R]["input"]>,
): string {
  const { job_id, ...rest } = input;
  const path = byteRoutes[route].path.replace(":job_id", encodeURIComponent(job_id));
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  const query = fields.map(([name, value]): [string, string] => [name, String(value)]);
  return `${path}?${new URLSearchParams(query)}`;
}
