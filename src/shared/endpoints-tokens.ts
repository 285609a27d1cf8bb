import * as v from "valibot";
import type { EndpointShape } from "./endpoint.ts";

/** What `vc token` calls: the tokens of single workers. */

/** The id of the worker that the token is for; what a worker's configuration takes as `worker.id`. */
const WorkerName = v.pipe(
  v.string(),
  v.regex(/^\P{Cc}{1,200}$/u, "a worker's id, of at most 200 characters"),
);

/** All that is kept to show; the token itself is known to its worker alone. */
export const WorkerToken = v.object({
  name: v.string(),
  /** Stands in the token too, so that people can tell which one they look at. */
  id: v.string(),
  created_at: v.string(),
});
export type WorkerToken = v.InferOutput<typeof WorkerToken>;

export const tokenEndpoints = {
  tokens: {
    method: "GET",
    path: "/api/tokens",
    access: "people",
    summary: "The workers that have a token of their own.",
    input: v.object({}),
    reply: v.object({ tokens: v.array(WorkerToken) }),
  },
  add_token: {
    method: "POST",
    path: "/api/tokens",
    access: "people",
    summary: "Makes a token that opens the worker's calls for the worker `name` alone. It is told this once.",
    input: v.object({ name: WorkerName }),
    reply: v.object({ ...WorkerToken.entries, token: v.string() }),
  },
  revoke_token: {
    method: "POST",
    path: "/api/tokens/:name/revoke",
    access: "people",
    summary: "Ends a worker's token at once; its waiting calls are broken off.",
    input: v.object({ name: WorkerName }),
    reply: WorkerToken,
  },
} as const satisfies Record<string, EndpointShape>;
