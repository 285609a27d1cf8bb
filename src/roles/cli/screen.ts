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
      const lines = text
        .split("\n")
        .slice(0, Math.max(1, (terminal.rows ?? 24) - 1))
        .map((line) => cut(line, terminal.columns ?? 80));
      // ECMA-48: CUU moves up, CR to the first column, ED clears from there to the end of the screen.
      const back = drawn === 0 ? "" : `\x1b[${drawn}A`;
      terminal.write(`${back}\r\x1b[J${lines.join("\n")}\n`);
      drawn = lines.length;
    },
  };
}

/** A line that wraps would make the next drawing begin too low. */
function cut(line: string, columns: number): string {
  if (Bun.stringWidth(line) < columns) return line;
  const characters = [...new Intl.Segmenter().segment(line)].map(({ segment }) => segment);
  let width = 0;
  const fitting = characters.findIndex((character) => {
    width += Bun.stringWidth(character);
    return width >= columns - 1;
  });
  return `${characters.slice(0, fitting).join("")}…`;
}
