import { cutMiddle } from "./fit.ts";

/** A column is not cut below this. */
const LEAST_WIDTH = 12;
/** Without a terminal nothing is cut, and a cell that is longer than this widens its own row only. */
const WIDEST_WITHOUT_TERMINAL = 60;

/**
 * Columns as wide as their widest cell (East Asian letters and emoji take two places). On a terminal of `columns`
 * the widest are cut in the middle until a row fits; `null` stands for no terminal.
 */
export function table(head: string[], rows: string[][], columns: number | null = null): string {
  const lines = [head, ...rows];
  const natural = head.map((_, column) =>
    Math.max(...lines.map((line) => Bun.stringWidth(line[column] ?? ""))),
  );
  const widths =
    columns === null
      ? natural.map((width) => Math.min(width, WIDEST_WITHOUT_TERMINAL))
      : fit(natural, columns - GAP.length * (head.length - 1));
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return pad(columns === null ? cell : cutMiddle(cell, width), width);
        })
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

const GAP = "  ";

/** Narrows the widest columns, all to the same width, until together they take `room`. */
function fit(natural: number[], room: number): number[] {
  for (let most = Math.max(...natural); most >= LEAST_WIDTH; most -= 1) {
    const widths = natural.map((width) => Math.min(width, most));
    if (widths.reduce((sum, width) => sum + width, 0) <= room) return widths;
  }
  return natural.map((width) => Math.min(width, LEAST_WIDTH));
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}
