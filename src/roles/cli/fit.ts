/** Text in the width of a terminal, counted in its places: East Asian letters and emoji take two. */

/** Cut in the middle, where paths and sentences can best do without: `season one/…/e12.mkv`. */
export function cutMiddle(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  const characters = charactersOf(text);
  const head = take(characters, Math.ceil((width - 1) / 2));
  const tail = take(characters.toReversed(), Math.floor((width - 1) / 2)).reverse();
  return `${head.join("")}…${tail.join("")}`;
}

/** Lines of at most `width`, broken at spaces where there are some; what follows stands below the text of a branch. */
export function wrap(line: string, width: number): string[] {
  if (Bun.stringWidth(line) <= width) return [line];
  const found = /^[│├└─ ]*/.exec(line)?.[0] ?? "";
  const branch = Bun.stringWidth(found) > width / 2 ? "" : found;
  const indent = branch.replace(/[├└]/g, below).replaceAll("─", " ");
  return pieces(line.slice(branch.length), width - Bun.stringWidth(branch)).map(
    (piece, index) => (index === 0 ? branch : indent) + piece,
  );
}

const below = (corner: string) => (corner === "├" ? "│" : " ");

function pieces(text: string, room: number): string[] {
  const found: string[] = [];
  let rest = text;
  while (Bun.stringWidth(rest) > room) {
    const fitting = take(charactersOf(rest), room).join("") || (charactersOf(rest)[0] ?? rest);
    const space = rest[fitting.length] === " " ? fitting.length : fitting.lastIndexOf(" ");
    const end = space > 0 ? space : fitting.length;
    found.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest === "" ? found : [...found, rest];
}

/** As many of the first as fit into `width`. */
function take(characters: string[], width: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += Bun.stringWidth(character);
    return used > width;
  });
  return end === -1 ? characters : characters.slice(0, end);
}

function charactersOf(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}
