import type { Original } from "../../shared/originals.ts";
import { printable } from "../../shared/printable.ts";
import type { Reply } from "../../shared/protocol.ts";
import { bytes, count, moment } from "./format.ts";
import { table } from "./table.ts";

/** The table of `vc originals`, for a terminal of so many columns, or none. */
export function renderOriginals(found: Reply<"originals">, columns: number | null = null): string {
  const { originals, films, bytes: size } = found;
  if (films === 0) return "no originals are kept: no film was replaced, or their time is over";
  const rows = originals.map((original) => [
    original.job_id,
    bytes(original.size),
    original.output_size === null ? "-" : bytes(original.output_size),
    moment(original.replaced_at),
    original.due_at === null ? "never" : moment(original.due_at),
    printable(original.source_path),
  ]);
  const more = films > originals.length ? [`${count(films - originals.length)} more; see --limit`] : [];
  return [
    table(["JOB", "ORIGINAL", "NOW", "REPLACED", "DELETED AFTER", "FILM"], rows, columns),
    ...more,
    `${count(films, "original")} of ${bytes(size)} in all; \`vc undo JOB\` puts one back`,
  ].join("\n");
}

/** What became of a replaced original, in one line. */
export function renderOriginal({ state, kept_path, replaced_at, due_at, size }: Original): string {
  const since = `${moment(replaced_at)}: the original (${bytes(size)})`;
  const until = due_at === null ? "" : ` until ${moment(due_at)}`;
  if (state === "kept") return `${since} is kept in ${printable(kept_path)}${until}`;
  return `${since} ${ENDED[state]}`;
}

const ENDED: Record<Exclude<Original["state"], "kept">, string> = {
  moving: "is being replaced",
  returning: "is being put back",
  returned: "was put back",
  purging: "is being deleted",
  purged: "was deleted",
};

export function renderUndone({ original, result_left }: Reply<"undo">): string {
  const back = `the original is back: ${printable(original.source_path)} (${bytes(original.size)})`;
  const left = `${printable(original.output_path)} was changed since vc made it, and was left where it is`;
  const again = `it is not converted again by itself; \`vc retry ${original.job_id}\` does that`;
  return [back, ...(result_left ? [left] : []), again].join("\n");
}

export function renderPurged(
  { purged, left }: Pick<Reply<"purge">, "purged" | "left">,
  dry_run: boolean,
): string {
  const sum = purged.reduce((all, { size }) => all + size, 0);
  const verb = dry_run ? "would be deleted" : "deleted";
  const lines = dry_run ? purged.map(line) : [];
  const kept = left.map(({ original, why }) => `${line(original)}: stays, as ${printable(why)}`);
  return [...lines, ...kept, `${count(purged.length, "original")} of ${bytes(sum)} ${verb}`].join("\n");
}

function line({ source_path, size }: Original): string {
  return `  ${printable(source_path)} (${bytes(size)})`;
}
