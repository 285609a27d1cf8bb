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
  "e2e/fidelity": 300,
  "e2e/transfer": 250,
  "ffmpeg/aimed": 110,
  "damage/damage": 100,
  "ffmpeg/convert": 100,
  "e2e/replace": 95,
  "ffmpeg/on-stream": 90,
  "ffmpeg/args-audio": 85,
  "e2e/crash": 85,
  "e2e/gpu": 70,
  "e2e/crash-points": 65,
  "e2e/convert": 60,
  "e2e/transfer-chaos": 60,
  "ffmpeg/look": 60,
  "fidelity/colors": 55,
  "e2e/chaos": 50,
  "ffmpeg/check": 50,
  "e2e/transfer-disks": 50,
  "ffmpeg/rung": 45,
  "ffmpeg/trial": 45,
  "ffmpeg/verify-rest": 45,
  "ffmpeg/encode": 45,
  "roles/worker/capabilities": 45,
  "roles/worker/agent": 45,
  "ffmpeg/args-video": 40,
  "ffmpeg/rate-trials": 40,
  "e2e/names": 40,
  "e2e/detect": 40,
  "roles/worker/job": 35,
  "e2e/library": 30,
  "e2e/people": 30,
  "e2e/secrets": 25,
  "e2e/rivals": 25,
  "e2e/unreadable": 25,
  "e2e/durable": 25,
  "e2e/database": 25,
  "e2e/join": 20,
  "e2e/rules": 20,
  "sim/sim": 20,
  "vulkan/detect": 20,
  "e2e/subtitles": 15,
  "roles/cli/plan": 15,
  "fidelity/judges": 15,
  "e2e/fuzz": 10,
  "e2e/seed-files": 10,
  "e2e/seed-client": 10,
  "e2e/path-map": 10,
  "roles/worker/warnings": 10,
};
