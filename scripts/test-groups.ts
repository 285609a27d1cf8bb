/**
 * Test files parted into runs of `bun test`, longest first: a long file by itself, what is left in lots of
 * LOT_FILES. Whoever is free takes the next run, so that all end at about the same time.
 */
export function groupTests(files: string[]): string[][] {
  const long = files.filter((file) => secondsOf(file) > 0).sort();
  const quick = files.filter((file) => secondsOf(file) === 0).sort();
  const lots = Math.ceil(quick.length / LOT_FILES);
  return [
    ...long.sort((a, b) => secondsOf(b) - secondsOf(a)).map((file) => [file]),
    ...Array.from({ length: lots }, (_, n) => quick.slice(n * LOT_FILES, (n + 1) * LOT_FILES)),
  ];
}

function secondsOf(file: string): number {
  return LONG_TESTS[file.replace(/^(\.\/)?test\//, "").replace(/\.test\.ts$/, "")] ?? 0;
}

const LOT_FILES = 30;

/**
 * Seconds that the longer files took, four at a time on two cores (the runner tells them). They set the
 * order only: a wrong number costs time, never a test.
 */
export const LONG_TESTS: Record<string, number> = {
  "e2e/chaos": 60,
  "e2e/convert": 60,
  "e2e/crash-points": 60,
  "e2e/crash": 60,
  "e2e/database": 60,
  "e2e/detect": 60,
  "e2e/durable": 60,
  "e2e/executable": 60,
  "e2e/fidelity": 60,
  "e2e/fuzz": 60,
  "e2e/gpu": 60,
  "e2e/join": 60,
  "e2e/library": 60,
  "e2e/names": 60,
  "e2e/path-map": 60,
  "e2e/people": 60,
  "e2e/replace": 60,
  "e2e/rivals": 60,
  "e2e/rules": 60,
  "e2e/secrets": 60,
  "e2e/seed-client": 60,
  "e2e/seed-files": 60,
  "e2e/subtitles": 60,
  "e2e/transfer-chaos": 60,
  "e2e/transfer-disks": 60,
  "e2e/transfer": 60,
  "e2e/unreadable": 60,
  "sim/sim": 60,
};
