import { describe, expect, test } from "bun:test";
import {
  keptRel,
  nextStep,
  replacingNames,
  type Sight,
  type Step,
} from "../../../src/roles/master/replacing.ts";

const first = (names: Generator<string>, count: number) => [...names.take(count)];

test("a result takes its film's name, or the film's with the container's extension", () => {
  expect(first(replacingNames("Show/a.mkv", "mp4"), 3)).toEqual([
    "Show/a.mp4",
    "Show/a.mkv.mp4",
    "Show/a.mkv.2.mp4",
  ]);
  expect(first(replacingNames("Show/a.mp4", "mp4"), 2)).toEqual(["Show/a.mp4", "Show/a.mp4.mp4"]);
  expect(first(replacingNames("A.MP4", "mp4"), 1)).toEqual(["A.MP4"]);
  // U+00E9, and e with U+0301: one name for some file systems.
  expect(first(replacingNames("caf\u0065\u0301.mp4", "mp4"), 1)).toEqual(["caf\u0065\u0301.mp4"]);
  expect(keptRel({ job_id: "0123456789", attempt: 2, source_rel: "Show/a.mkv" })).toBe(
    ".vc/originals/0123456789.2/Show/a.mkv",
  );
});

const two = { same_name: false, kept_is_source: false, staged: true } as const;
const one = { same_name: true, target: "other", staged: true } as const;
const STEPS: [string, Sight, Step][] = [
  ["the result first", { ...two, source: "original", kept: "free", target: "free" }, "name"],
  ["then the original goes", { ...two, source: "original", kept: "free", target: "result" }, "keep"],
  ["then it is done", { ...two, source: "gone", kept: "original", target: "result" }, "done"],
  [
    "the same without the staged file",
    { ...two, staged: false, source: "gone", kept: "original", target: "result" },
    "done",
  ],
  ["a taken name", { ...two, source: "original", kept: "free", target: "other" }, { failure: "name_taken" }],
  [
    "nothing staged",
    { ...two, staged: false, source: "original", kept: "free", target: "free" },
    { failure: "output_missing" },
  ],
  [
    "a changed source",
    { ...two, source: "other", kept: "free", target: "free" },
    { failure: "source_changed" },
  ],
  [
    "a source changed after the result was named",
    { ...two, source: "other", kept: "free", target: "result" },
    "unname",
  ],
  ["a source deleted after that", { ...two, source: "gone", kept: "free", target: "result" }, "done"],
  [
    "a result deleted after the move",
    { ...two, staged: false, source: "gone", kept: "original", target: "free" },
    "return",
  ],
  ["another film moved by mistake", { ...two, source: "gone", kept: "other", target: "result" }, "return"],
  [
    "a foreign file in quarantine",
    { ...two, source: "original", kept: "other", target: "free" },
    { failure: "name_taken" },
  ],
  [
    "one name: a second one first",
    { ...one, source: "original", kept: "free", kept_is_source: false },
    "keep",
  ],
  ["then the result", { ...one, source: "original", kept: "original", kept_is_source: true }, "name"],
  [
    "then it is done",
    { ...one, source: "result", kept: "original", kept_is_source: false, target: "result" },
    "done",
  ],
  [
    "nothing staged, nothing kept",
    { ...one, staged: false, source: "original", kept: "free", kept_is_source: false },
    { failure: "output_missing" },
  ],
  [
    "nothing staged, a second name made",
    { ...one, staged: false, source: "original", kept: "original", kept_is_source: true },
    "unkeep",
  ],
  [
    "written into after the second name was made",
    { ...one, source: "other", kept: "other", kept_is_source: true },
    "unkeep",
  ],
  [
    "another film put over it",
    { ...one, source: "other", kept: "original", kept_is_source: false },
    { failure: "source_changed" },
  ],
  [
    "deleted after the second name was made",
    { ...one, source: "gone", kept: "original", kept_is_source: false, target: "free" },
    "name",
  ],
  [
    "and the result too",
    { ...one, staged: false, source: "gone", kept: "original", kept_is_source: false, target: "free" },
    "return",
  ],
];

describe("the next step of a replacement", () => {
  test.each(STEPS)("%s", (_, sight, step) => {
    expect(nextStep(sight)).toEqual(step);
  });
});

/** A file system of three names; each holds the original, the result, another film, or nothing. */
type Held = "original" | "result" | "other" | null;
type World = { same_name: boolean; source: Held; kept: Held; target: Held; staged: boolean; linked: boolean };

function sightOf({ same_name, source, kept, target, staged, linked }: World): Sight {
  const at_target = same_name ? source : target;
  return {
    same_name,
    source: source ?? "gone",
    kept: kept === null ? "free" : kept === "original" ? "original" : "other",
    kept_is_source: linked,
    target: at_target === null ? "free" : at_target === "result" ? "result" : "other",
    staged,
  };
}

function after(world: World, step: Step): World {
  const { same_name } = world;
  if (step === "keep" && same_name) return { ...world, kept: world.source, linked: true };
  if (step === "keep") return { ...world, kept: world.source, source: null };
  if (step === "name" && same_name) return { ...world, source: "result", staged: false, linked: false };
  if (step === "name") return { ...world, target: "result", staged: false };
  if (step === "return") return { ...world, source: world.kept, kept: null };
  if (step === "unname") return { ...world, target: null };
  if (step === "unkeep") return { ...world, kept: null, linked: false };
  throw new Error(`no step: ${JSON.stringify(step)}`);
}

const HELD: Held[] = ["original", "result", "other", null];
const worlds: World[] = [true, false].flatMap((same_name) =>
  HELD.flatMap((source) =>
    HELD.flatMap((kept) =>
      HELD.flatMap((target) =>
        [true, false].flatMap((staged) => [
          { same_name, source, kept, target, staged, linked: false },
          ...(source !== null && source === kept
            ? [{ same_name, source, kept, target, staged, linked: true }]
            : []),
        ]),
      ),
    ),
  ),
);

const holds = (world: World, what: Held) => [world.source, world.kept, world.target].includes(what);
const inPlace = ({ same_name, source, target }: World) =>
  same_name ? source !== null : source !== null || target !== null;

describe("from every state in which files can be found, whoever put them there", () => {
  test("it comes to an end, and the original is never lost on the way", () => {
    for (const start of worlds) {
      let world = start;
      let step = nextStep(sightOf(world));
      for (let n = 0; typeof step === "string" && step !== "done"; n++) {
        expect({ start, ends: n < 8 }).toEqual({ start, ends: true });
        const next = after(world, step);
        const seen = { start, world, step };
        if (holds(world, "original"))
          expect({ ...seen, lost: !holds(next, "original") }).toEqual({ ...seen, lost: false });
        if (holds(world, "other"))
          expect({ ...seen, lost: !holds(next, "other") }).toEqual({ ...seen, lost: false });
        if (inPlace(world)) expect({ ...seen, missing: !inPlace(next) }).toEqual({ ...seen, missing: false });
        world = next;
        step = nextStep(sightOf(world));
      }
      if (step === "done")
        expect({ start, world, there: holds(world, "result") }).toEqual({ start, world, there: true });
    }
  });

  test("undisturbed, it ends with the result in the film's place and the original in quarantine", () => {
    for (const same_name of [true, false]) {
      let world: World = {
        same_name,
        source: "original",
        kept: null,
        target: null,
        staged: true,
        linked: false,
      };
      let steps = 0;
      for (let step = nextStep(sightOf(world)); step !== "done"; step = nextStep(sightOf(world))) {
        world = after(world, step);
        steps += 1;
      }
      expect(steps).toBe(2);
      expect(world).toMatchObject({
        kept: "original",
        ...(same_name ? { source: "result" } : { source: null, target: "result" }),
      });
    }
  });
});
