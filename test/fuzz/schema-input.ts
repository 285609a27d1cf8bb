import type * as v from "valibot";
import type { Random } from "../sim/random.ts";

/** What stands for a field of this name, where a made-up text would only be refused; undefined: make one up. */
export type Known = (field: string) => unknown;

/** Of a valibot schema what is needed to make an input of it. */
type Shape = v.GenericSchema & {
  entries?: { [name: string]: Shape };
  item?: Shape;
  wrapped?: Shape;
  literal?: unknown;
  options?: readonly unknown[];
  pipe?: readonly { type: string; requirement?: unknown }[];
};

/** An input that a schema takes, or nearly (texts of a certain form are left to `known`). Optional fields come half the time. */
export function inputOf(
  schema: v.GenericSchema,
  of: { random: Random; known: Known; field?: string },
): unknown {
  const { random, known, field = "" } = of;
  const shape = schema as Shape;
  const given = known(field);
  if (given !== undefined && shape.type !== "object") return given;
  switch (shape.type) {
    case "object":
      return objectOf(shape.entries ?? {}, of);
    case "array":
      return Array.from({ length: random.between(0, 3) }, () => inputOf(shape.item ?? shape, of));
    case "optional":
    case "nullable":
    case "nullish":
      return inputOf(shape.wrapped ?? shape, of);
    case "picklist":
      return random.pick(shape.options ?? [""]);
    case "literal":
      return shape.literal;
    case "union":
      return inputOf(random.pick(shape.options ?? []) as Shape, of);
    case "number":
      return numberOf(shape, random);
    case "boolean":
      return random.chance(0.5);
    default:
      return random.text();
  }
}

function objectOf(entries: { [name: string]: Shape }, of: { random: Random; known: Known }): object {
  const kept = Object.entries(entries).filter(([, one]) => one.type !== "optional" || of.random.chance(0.5));
  return Object.fromEntries(kept.map(([name, one]) => [name, inputOf(one, { ...of, field: name })]));
}

function numberOf(shape: Shape, random: Random): number {
  const bound = (type: string, fallback: number) =>
    Number(shape.pipe?.find((action) => action.type === type)?.requirement ?? fallback);
  return random.between(bound("min_value", 0), Math.min(bound("max_value", 100), 1000));
}
