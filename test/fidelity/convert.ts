import { link, mkdir, readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import type { Fixture } from "../fixtures/corpus/fixture.ts";
import { run, VC } from "../support/processes.ts";
import { concerns, judge } from "./judge.ts";
import { decodeErrors, look, once } from "./look.ts";
import { nameOf, type Target } from "./targets.ts";

/** What is wrong with one result; `property` is null where it is not about one. */
export type Fault = { film: string; target: string; property: string | null; wrong: string };

/** Converts films, which lie in `films`, by the compiled executable in one go, and judges every result. */
export async function tryTarget(of: {
  fixtures: Fixture[];
  target: Target;
  films: string;
  work: string;
  /** Where vc keeps what it found out about the machine. */
  home: string;
  ffmpeg: string | null;
}): Promise<Fault[]> {
  const name = nameOf(of.target).replaceAll(" ", "_");
  const [sources, out] = [join(of.work, name), join(of.work, `${name}.out`)];
  await mkdir(sources, { recursive: true });
  for (const fixture of of.fixtures) await link(join(of.films, fixture.name), join(sources, fixture.name));
  const { codec, container, flags } = of.target;
  const wanted = ["--codec", codec, "--container", container, "--use-vulkan", "false", ...flags];
  const more = of.ffmpeg === null ? [] : ["--ffmpeg", of.ffmpeg];
  const asked = [...wanted, ...more, "--preset", "ultrafast", "--quality", "16", "--json"];
  const told = await foretell(of, sources, asked);
  const ended = await vc(of.home, ["convert", sources, "--out", out, "--concurrency", "2", ...asked]);
  const jobs = (ended.jobs ?? []) as { source_rel: string; error: string | null; message?: string }[];
  const failed = new Map(jobs.map((job) => [job.source_rel, JSON.stringify(job)]));
  const notes = (ended.notes ?? []) as { source_rel: string; notes: string[] }[];
  const said = new Map(notes.map((one) => [one.source_rel, one.notes]));
  const results = (await readdir(out)).filter((each) => !each.startsWith("."));
  const faults: Fault[] = [];
  for (const fixture of of.fixtures) {
    const found = results.find((each) => FILM.test(each) && parse(each).name === parse(fixture.name).name);
    const wrong = await judgeOne({
      ...{ fixture, target: of.target, source: join(sources, fixture.name) },
      ...{ result: found === undefined ? null : join(out, found), failed: failed.get(fixture.name) ?? null },
      ...{ told: told.get(fixture.name) ?? [], said: said.get(fixture.name) ?? [] },
    });
    faults.push(...wrong.map((one) => ({ film: fixture.name, target: nameOf(of.target), ...one })));
  }
  return faults;
}

const FILM = /\.(mp4|mkv)$/;

/** What `vc plan` says of the films of which that is judged. */
async function foretell(
  { fixtures, target, home }: Pick<Parameters<typeof tryTarget>[0], "fixtures" | "target" | "home">,
  folder: string,
  asked: string[],
): Promise<Map<string, string[]>> {
  const judged = fixtures.filter((fixture) =>
    fixture.expect.some(({ property, on }) => property === "told" && concerns(on, target)),
  );
  if (judged.length === 0) return new Map();
  const paths = judged.map(({ name }) => join(folder, name));
  const { films } = (await vc(home, ["plan", ...paths, ...asked])) as { films: Foreseen[] };
  return new Map(films.map((film) => [parse(film.path).base, sentencesOf(film)]));
}

type Foreseen = { path: string; notes: string[]; streams: { why: string[] }[] };

function sentencesOf({ notes, streams }: Foreseen): string[] {
  return [...notes, ...streams.flatMap(({ why }) => why)];
}

type Wrong = Pick<Fault, "property" | "wrong">;

async function judgeOne(of: {
  fixture: Fixture;
  target: Target;
  source: string;
  result: string | null;
  failed: string | null;
  told: string[];
  said: string[];
}): Promise<Wrong[]> {
  const { refused, expect } = of.fixture;
  const about = (wrong: string): Wrong[] => [{ property: null, wrong }];
  if (refused !== undefined) {
    if (of.result !== null) return about("it was converted instead of being refused");
    return of.failed?.includes(refused) ? [] : about(`refused with other words: ${of.failed}`);
  }
  if (of.result === null) return about(`no result: ${of.failed}`);
  const errors = await decodeErrors(of.result);
  if (errors !== "") return about(`the result is damaged: ${errors}`);
  const result = await look(of.result);
  const source = once(() => look(of.source));
  if (result.film.codec_name !== of.target.codec) return about(`${result.film.codec_name}`);
  const wrongs: Wrong[] = [];
  for (const expectation of expect.filter(({ on }) => concerns(on, of.target))) {
    const wrong = await judge({ source, result, told: of.told, said: of.said }, expectation).catch((error) =>
      String(error),
    );
    if (wrong !== null) wrongs.push({ property: expectation.property, wrong });
  }
  return wrongs;
}

/** What a command prints as JSON. Throws where that is none. */
async function vc(home: string, args: string[]): Promise<Record<string, unknown>> {
  const env = { PATH: process.env.PATH ?? "", HOME: home, NO_COLOR: "1" };
  const { stdout, stderr } = await run({ cmd: [VC, ...args], cwd: home, env });
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`vc ${args.join(" ")}: ${stdout}${stderr}`);
  }
}
