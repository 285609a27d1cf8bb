import { wrap } from "./fit.ts";

/** A place on a terminal that is drawn again and again; elsewhere each drawing follows the last. */
export function createScreen(terminal: {
  isTTY?: boolean;
  rows?: number;
  columns?: number;
  write(text: string): unknown;
}): { draw(text: string): void } {
  let drawn = 0;
  return {
    draw(text) {
      if (terminal.isTTY !== true) return void terminal.write(`${text}\n\n`);
      // What the terminal wraps by itself would make the next drawing begin too low.
      const lines = text
        .split("\n")
        .flatMap((line) => wrap(line, (terminal.columns ?? 80) - 1))
        .slice(0, Math.max(1, (terminal.rows ?? 24) - 1));
      // ECMA-48: CUU moves up, CR to the first column, ED clears from there to the end of the screen.
      const back = drawn === 0 ? "" : `\x1b[${drawn}A`;
      terminal.write(`${back}\r\x1b[J${lines.join("\n")}\n`);
      drawn = lines.length;
    },
  };
}
