import * as v from "valibot";
import { count, type EndpointShape, flag, Text } from "./endpoint.ts";
import { Original } from "./originals.ts";

/** What `vc originals`, `vc undo` and `vc purge` call: the sources that their results have replaced. */

/** A job's id or the beginning of one, or the path of the source or the result, absolute or below root_path. */
const Which = v.pipe(Text(4096), v.minLength(1));

export const originalEndpoints = {
  originals: {
    method: "GET",
    path: "/api/originals",
    access: "people",
    summary: "Replaced sources in quarantine, the oldest first, with their sum.",
    input: v.object({
      limit: v.optional(count(1000)),
      offset: v.optional(count(Number.MAX_SAFE_INTEGER)),
    }),
    reply: v.object({ originals: v.array(Original), films: v.number(), bytes: v.number() }),
  },
  undo: {
    method: "POST",
    path: "/api/undo",
    access: "people",
    summary: "Puts a replaced source back in its place, and takes its result away.",
    input: v.object({ id: Which }),
    /** `result_left`: another file stands under the result's name by now, and stays. */
    reply: v.object({ original: Original, result_left: v.boolean() }),
  },
  purge: {
    method: "POST",
    path: "/api/purge",
    access: "people",
    summary: "Deletes originals that are due, or the one that is named; some at each call.",
    input: v.object({
      id: v.optional(Which),
      dry_run: v.optional(flag),
      /** With `id`: also where its result is gone or changed, so that it may be the last copy. */
      force: v.optional(flag),
      /** Instead of storage.keep_originals, in milliseconds. */
      older_than_ms: v.optional(count(Number.MAX_SAFE_INTEGER)),
      /** How many of the due ones to pass by: those that earlier calls have left. */
      offset: v.optional(count(Number.MAX_SAFE_INTEGER)),
    }),
    reply: v.object({
      purged: v.array(Original),
      /** Due, but not deleted. */
      left: v.array(v.object({ original: Original, why: v.string() })),
      /** There may be others: call again, with `offset` raised by what was left (in a dry run, by all that was told). */
      more: v.boolean(),
    }),
  },
} as const satisfies Record<string, EndpointShape>;
