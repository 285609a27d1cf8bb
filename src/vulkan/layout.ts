/**
 * C structures as data. A field's key is the C member designator (`minCodedExtent.width` for a nested one), so
 * that a C compiler can be asked for the same offsets. Only 64-bit systems, little-endian: all that vc runs on.
 */
export type Kind = "u8" | "u32" | "i32" | "u64" | "pointer" | `text:${number}` | `bytes:${number}`;

export type Layout<F extends Fields = Fields> = {
  /** The C type's name. */
  name: string;
  /** The value of its first member, for the structures that Vulkan chains. */
  type: number | null;
  size: number;
  alignment: number;
  members: { [K in keyof F]: { kind: F[K]; offset: number } };
};

export type Fields = Record<string, Kind>;

/** What is read of a field: 64-bit numbers become plain ones (bit rates near 2^64 lose their last digits). */
export type Values<F extends Fields> = { [K in keyof F]: ValueOf<F[K]> };

type ValueOf<K extends Kind> = K extends "pointer"
  ? bigint
  : K extends `text:${number}`
    ? string
    : K extends `bytes:${number}`
      ? Uint8Array
      : number;

/** What readStruct gives for a layout. */
export type StructOf<L> = L extends Layout<infer F> ? Values<F> : never;

/** What is written: everything that is left out stays zero. */
export type Given<F extends Fields> = {
  [K in keyof F as F[K] extends `${"text" | "bytes"}:${number}` ? never : K]?: InputOf<F[K]>;
};

type InputOf<K extends Kind> = K extends "pointer" ? bigint : number;

/** A structure by the rules of C: each member at a multiple of its alignment, the size a multiple of the largest. */
export function struct<const F extends Fields>(name: string, fields: F): Layout<F> {
  return layOut(name, null, fields);
}

/** A structure that starts with Vulkan's sType (here the number `type`) and pNext. */
export function chained<const F extends Fields>(name: string, type: number, fields: F): Layout<F & Head> {
  return layOut(name, type, { sType: "u32", pNext: "pointer", ...fields } as Head & F);
}

type Head = { sType: "u32"; pNext: "pointer" };

function layOut<F extends Fields>(name: string, type: number | null, fields: F): Layout<F> {
  let end = 0;
  let alignment = 1;
  const members: Record<string, { kind: Kind; offset: number }> = {};
  for (const [key, kind] of Object.entries(fields)) {
    const { size, align } = measure(kind);
    const offset = roundUp(end, align);
    members[key] = { kind, offset };
    end = offset + size;
    alignment = Math.max(alignment, align);
  }
  return { name, type, size: roundUp(end, alignment), alignment, members: members as Layout<F>["members"] };
}

function measure(kind: Kind): { size: number; align: number } {
  if (kind === "u32" || kind === "i32") return { size: 4, align: 4 };
  if (kind === "u64" || kind === "pointer") return { size: 8, align: 8 };
  return { size: kind === "u8" ? 1 : Number(kind.slice(kind.indexOf(":") + 1)), align: 1 };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** All members of the structure that begins at `start` of the view. */
export function readStruct<F extends Fields>(layout: Layout<F>, view: DataView, start = 0): Values<F> {
  const entries = Object.entries(layout.members as Record<string, { kind: Kind; offset: number }>);
  return Object.fromEntries(
    entries.map(([key, { kind, offset }]) => [key, readField(view, start + offset, kind)]),
  ) as Values<F>;
}

function readField(view: DataView, at: number, kind: Kind): number | bigint | string | Uint8Array {
  if (kind === "u8") return view.getUint8(at);
  if (kind === "u32") return view.getUint32(at, true);
  if (kind === "i32") return view.getInt32(at, true);
  if (kind === "pointer") return view.getBigUint64(at, true);
  if (kind === "u64") return Number(view.getBigUint64(at, true));
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, measure(kind).size);
  if (kind.startsWith("bytes")) return bytes.slice();
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Writes the structure's type and the given members at `start` of the view. */
export function writeStruct<F extends Fields>(of: {
  layout: Layout<F>;
  view: DataView;
  start: number;
  given: Given<F>;
}): void {
  const { layout, view, start } = of;
  if (layout.type !== null) view.setUint32(start, layout.type, true);
  const members = layout.members as Record<string, { kind: Kind; offset: number }>;
  for (const [key, value] of Object.entries(of.given as Record<string, number | bigint>)) {
    const member = members[key];
    if (member === undefined) throw new Error(`${layout.name} has no member ${key}`);
    const at = start + member.offset;
    if (member.kind === "u8") view.setUint8(at, Number(value));
    else if (member.kind === "u32") view.setUint32(at, Number(value), true);
    else if (member.kind === "i32") view.setInt32(at, Number(value), true);
    else view.setBigUint64(at, BigInt(value), true);
  }
}
