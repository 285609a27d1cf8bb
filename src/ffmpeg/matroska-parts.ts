import { type Element, elements, numberOf } from "./matroska-crop.ts";

/**
 * What a Matroska file's chapters do besides naming places (RFC 9559, 20.1.3 and 17.2): `elsewhere`: parts of the film
 * come from other files; `ordered`: players show parts of this one in another order, or leave some out; null for neither.
 */
export type Parts = "elsewhere" | "ordered" | null;

/** `chapters` and `information` are the contents of these elements of one segment. */
export function parseParts(chapters: Uint8Array, information: Uint8Array): Parts {
  const editions = elements(chapters)
    .filter(({ id }) => id === EDITION)
    .map(({ content }) => elements(content));
  const shown = editions.find((edition) => numberOf(edition, IS_DEFAULT) === 1) ?? editions[0] ?? [];
  if (numberOf(shown, IS_ORDERED) !== 1) return null;
  const atoms = shown.filter(({ id }) => id === ATOM).map(({ content }) => elements(content));
  const own = hex(elements(information), OWN_UID);
  const linked = atoms.map((atom) => hex(atom, LINKED_UID));
  if (linked.some((uid) => uid !== "" && uid !== own)) return "elsewhere";
  return isInOrder(atoms) ? null : "ordered";
}

export const CHAPTERS = 0x1043a770;
export const INFORMATION = 0x1549a966;
const EDITION = 0x45b9;
const IS_DEFAULT = 0x45db;
const IS_ORDERED = 0x45dd;
const ATOM = 0xb6;
const ATOM_START = 0x91;
const ATOM_END = 0x92;
const LINKED_UID = 0x6e67;
const OWN_UID = 0x73a4;

function hex(list: Element[], wanted: number): string {
  return Buffer.from(list.find(({ id }) => id === wanted)?.content ?? []).toString("hex");
}

/** Whether each part begins where the one before ends, from the file's beginning on, within a second. */
function isInOrder(atoms: Element[][]): boolean {
  let end_ns: number | null = 0;
  return atoms.every((atom) => {
    const start_ns = numberOf(atom, ATOM_START) ?? 0;
    const follows = end_ns !== null && Math.abs(start_ns - end_ns) < SECOND_NS;
    end_ns = numberOf(atom, ATOM_END);
    return follows;
  });
}

const SECOND_NS = 1e9;
