import { printable } from "./printable.ts";

const MOST = 60;

/** A value as a sentence shows it after "found": short, and safe on a terminal. */
export function found(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const shown = printable(JSON.stringify(value) ?? String(value));
  return shown.length > MOST ? `${shown.slice(0, MOST - 3)}...` : shown;
}
