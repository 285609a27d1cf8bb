/**
 * The candidate that a typing mistake most likely meant, or null when none is near: at most one edit for
 * words of up to four letters, two up to eight, three beyond (insert, delete, replace, swap of neighbours).
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const limit = word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3;
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? null;
}

/** Optimal string alignment distance, by the usual table of which the last three rows are kept. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const edits = [
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (same ? 0 : 1),
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : Infinity,
      ];
      row.push(Math.min(...edits));
    }
    before = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: number[], index: number): number {
  return row[index] ?? Infinity;
}
