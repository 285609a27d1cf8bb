import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { makeFilm, type NumberedFilm } from "../damage/films.ts";
import { unlessFull } from "../support/test-or.ts";
import { makeFake } from "./fake.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 180_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

/** Makes all that was asked for, but only of the first frames, or without some inside, and says that all is well. */
async function standIn(name: string, filter: string): Promise<string> {
  const body = `
const at = argv.indexOf("-filter:v:0") + 1;
argv[at] = argv[at] + "," + ${JSON.stringify(filter)};
real(argv);
process.exit(0);`;
  return makeFake(folder.path, name, body);
}

async function convertBy(path: string, film: NumberedFilm) {
  const machine = await thisMachine();
  const capabilities = { ...machine, ffmpeg: { ...machine.ffmpeg, path } };
  const target = join(folder.path, "result.mp4");
  return convert({ source: film.path, target }, {}, { capabilities });
}

const FILMS = ["h264.ts", "variable.mp4", "piped.mkv", "mpeg4.avi", "vp9.webm"];

test.each(FILMS)(
  "an ffmpeg that makes a part of %s and exits with 0 is caught",
  async (name) => {
    const film = await makeFilm(name, folder.path);
    const whole = await convertBy(await standIn("whole", "null"), film);
    expect({ name, outcome: whole.outcome }).toEqual({ name, outcome: "done" });
    // Nearly nothing is the easiest to see: with one film, and with all among the long trials.
    for (const share of unlessFull === null || name === FILMS[0] ? [0.01, 0.98] : [0.98]) {
      const frames = Math.floor(film.numbers.length * share);
      const ended = await convertBy(await standIn(`part-${share}`, `trim=end_frame=${frames}`), film);
      expect({ name, share, outcome: ended.outcome }).not.toEqual({ name, share, outcome: "done" });
    }
    const hole = await standIn("hole", "select='not(between(n,30,33))'");
    const ended = await convertBy(hole, film);
    expect({ name, outcome: ended.outcome }).not.toEqual({ name, outcome: "done" });
  },
  LIMIT_MS,
);
