import { CORPUS } from "../fixtures/corpus/corpus.ts";
import type { Expectation, Fixture, Properties } from "../fixtures/corpus/fixture.ts";
import type { Fault } from "./convert.ts";

/**
 * docs/fidelity.md: what must become of each film of the corpus, and what did not in the run before. `measured` says what
 * that run was; a text that comes without it tells the promises alone.
 */
export function fidelityDocs(of: { faults: Fault[]; measured: string[] }): string {
  const chapters = CORPUS.map(({ chapter, fixtures }) =>
    [
      `## ${chapter}`,
      "",
      "| File | What it is | Property | Becomes |",
      "|---|---|---|---|",
      ...fixtures.flatMap((fixture) => rowsOf(fixture, of.faults)),
    ].join("\n"),
  );
  return [INTRODUCTION, ...MARKED(of.measured), ...chapters].join("\n\n").concat("\n");
}

const INTRODUCTION = `# What goes in comes out

<!-- Made by \`npm run test:full\` from test/fixtures/corpus and what came of it; change those. -->

A corpus of small films, each of a kind that libraries hold, and what vc makes of them. Every one is converted by the
compiled executable to h264, hevc and av1 in mp4 and mkv, to ffv1 and prores in mkv, and with the settings that matter to
it. The results are judged without vc's own verification: by ffprobe, and by pictures and samples as ffmpeg decodes them
(test/fidelity).

**Kept** means: found in the result as in the source. Times of pictures may differ by a millisecond (Matroska's clock), a
click and its flash by 20 ms, patches of colour by what the table says (of 255), a cue of a subtitle by 10 ms.

HDR10+ of each picture (SMPTE ST 2094-40): tried with ffmpeg 5.1.9 and 9.0.2, x265, SVT-AV1 and rav1e hand none of it on (x265
could read it from a file, but is built without that); libaom does with 9.0.2, and is used where there is no SVT-AV1. The
film's notes say that it was lost, or kept.`;

const MARKED = (measured: string[]): string[] => [
  [START, ...measured.map((line) => `- ${line}`), END].join("\n"),
];

const START = "<!-- measured -->";
const END = "<!-- /measured -->";

/** The paper without what only a run can tell. */
export function promisesOf(docs: string): string {
  const [before = "", after = ""] = [docs.split(START)[0], docs.split(END)[1]];
  return (before + after).replaceAll(/ \*\*not so:[^|]*(?= \|)/g, "");
}

function rowsOf(fixture: Fixture, faults: Fault[]): string[] {
  const own = faults.filter(({ film }) => film === fixture.name);
  const lead = `\`${fixture.name}\` | ${fixture.what}`;
  if (fixture.refused !== undefined) {
    return [line(lead, "", `refused: "${fixture.refused}"${broken(own)}`)];
  }
  const whole = own.filter(({ property }) => property === null);
  return fixture.expect.map((expectation, n) => {
    const wrong = own.filter(({ property }) => property === expectation.property);
    const first = n === 0 ? [...whole, ...wrong] : wrong;
    return line(n === 0 ? lead : " | ", propertyOf(expectation), outcomeOf(expectation) + broken(first));
  });
}

function line(lead: string, property: string, outcome: string): string {
  return `| ${lead} | ${property} | ${outcome} |`;
}

function broken(faults: Fault[]): string {
  const targets = [...new Set(faults.map(({ target }) => target))];
  return targets.length === 0 ? "" : ` **not so: ${targets.join(", ")}**`;
}

function outcomeOf({ rule, on }: Expectation): string {
  const places = [on?.codec?.join(", "), on?.container?.join(", ")].filter((part) => part !== undefined);
  const flags = [on?.with && `with ${on.with}`, on?.without && `without ${on.without}`].filter(Boolean);
  const where = [places.join(" in "), ...flags].filter((part) => part !== "").join(" ");
  return `${where === "" ? "" : `${where}: `}${rule === undefined ? "kept" : `changed: ${rule}`}`;
}

const WORDS: Partial<Record<keyof Properties, string>> = {
  corners: "upright, as seen on screen",
  shape: "width to height",
  size: "size",
  filled: "shape of the first and the last picture",
  frames: "number of pictures",
  times: "time of every picture",
  fields: "fields",
  bits: "bits a sample",
  pixel_format: "form of samples",
  cover: "cover picture",
  color: "colour labels",
  chroma: "place of chroma",
  light: "mastering display and light levels",
  dynamic_metadata: "HDR10+ of each picture",
  patches: "colours of every patch",
  mapped: "greys and hues of every patch",
  tracks: "sound tracks",
  tones: "tone of every channel",
  sync: "click and flash",
  subtitles: "subtitle tracks",
  cues: "words and times of subtitles",
  attachments: "attachments",
  chapters: "chapters",
  tags: "tags",
  modified: "time of last change",
  told: "`vc plan`",
  drift: "a click at every flash",
  captions: "closed captions in the pictures",
  beside: "files beside the film",
  permissions: "permissions",
};

function propertyOf({ property, value }: Expectation): string {
  const keys = () => [...new Set((value as object[]).flatMap((one) => Object.keys(one)))].join(", ");
  const word = WORDS[property] ?? property;
  switch (property) {
    case "patches":
      return `${word}, within ${value}`;
    case "mapped":
      return `${word}, within ${value} degrees`;
    case "tracks":
    case "subtitles":
      return value.length === 0 ? word : `${word}: ${keys()}`;
    case "size":
      return `${word} (${value.join("x")})`;
    case "permissions":
      return `${word} (${value.toString(8)})`;
    case "tags":
      return `${word}: ${Object.keys(value).join(", ")}`;
    default:
      return typeof value === "number" && property !== "shape" && property !== "sync"
        ? `${word} (${value})`
        : word;
  }
}
