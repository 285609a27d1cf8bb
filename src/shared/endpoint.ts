import * as v from "valibot";

/** The pieces that the tables of endpoints are made of. */

type Access = "open" | "token";
export type EndpointShape = {
  method: "GET" | "POST";
  path: string;
  access: Access;
  summary: string;
  input: v.GenericSchema;
  reply: v.GenericSchema;
};

export const Id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const Text = (max: number) => v.pipe(v.string(), v.maxLength(max));

/** Numbers and switches arrive as text in a query and as themselves from our own client. */
export const count = (max: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/, "a whole number"), v.transform(Number))]),
    v.safeInteger(),
    v.minValue(0),
    v.maxValue(max),
  );
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false", "1", "0"])]),
  v.transform((value) => value === true || value === "true" || value === "1"),
);
