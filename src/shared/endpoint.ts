import * as v from "valibot";

/** The pieces that the tables of endpoints are made of. */

/**
 * Who may call: `open` everyone; `worker` whoever has the master's token, and a worker with a token of its own, but
 * only for its own `worker_id`; `people` whoever has the master's token.
 */
export type Access = "open" | "worker" | "people";
export type EndpointShape = {
  method: "GET" | "POST";
  path: string;
  summary: string;
  reply: v.GenericSchema;
} & (
  | { access: "open" | "people"; input: v.GenericSchema }
  | { access: "worker"; input: v.GenericSchema<unknown, { worker_id: string }> }
);

export const Id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const Text = (max: number) => v.pipe(v.string(), v.maxLength(max));

/** RFC 3339 section 5.6, which leaves the letters' case and the digits of a second's fraction open. */
const RFC_3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
export const Time = v.pipe(
  v.string(),
  v.maxLength(100),
  v.regex(RFC_3339, "a time of RFC 3339, such as 2026-11-22T08:46:08Z"),
);

/** Numbers and switches arrive as text in a query and as themselves from our own client. */
export const count = (max: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))], "a whole number"),
    v.safeInteger(),
    v.minValue(0),
    v.maxValue(max),
  );
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false", "1", "0"])], "true or false"),
  v.transform((value) => value === true || value === "true" || value === "1"),
);
