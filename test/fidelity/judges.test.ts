import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIXTURES } from "../fixtures/corpus/corpus.ts";
import { changed, kept } from "../fixtures/corpus/expectation.ts";
import type { Expectation } from "../fixtures/corpus/fixture.ts";
import { makeFixture } from "../fixtures/corpus/make.ts";
import { concerns, judge } from "./judge.ts";
import { decodeErrors, type Look, look } from "./look.ts";

const LIMIT_MS = 180_000;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-judges-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const films = new Map<string, Promise<string>>();
const looks = new Map<string, Promise<Look>>();

/** Each film is made once, and looked at once. */
function made(name: string): Promise<string> {
  const fixture = FIXTURES.find((one) => one.name === name);
  if (fixture === undefined) throw new Error(`no film ${name}`);
  const path = films.get(name) ?? makeFixture({ fixture, folder });
  films.set(name, path);
  return path;
}

function seen(name: string): Promise<Look> {
  const look_at = looks.get(name) ?? made(name).then(look);
  looks.set(name, look_at);
  return look_at;
}

/** The film judged as if it had become of a plain one; null: nothing is wrong with it. */
describe("judges find what is not as it must be, and nothing else", () => {
  const rows: [string, Expectation, string | null][] = [
    ["plain.mp4", kept("corners", "rgbw"), null],
    ["plain.mp4", kept("corners", "brwg"), "the corners are r g b w"],
    ["turned-right.mp4", kept("corners", "brwg"), "still turned"],
    ["plain.mp4", kept("shape", 1.5), null],
    ["anamorphic.mpg", kept("shape", 1.25), "1.778 wide"],
    ["plain.mp4", kept("size", [96, 66]), "96x64"],
    [
      "plain.mp4",
      kept("filled", [
        [1, 1],
        [0.5, 1],
      ]),
      "filled by [[1,1],[1,1]]",
    ],
    ["uneven.mp4", kept("times", "source"), "14 pictures instead of 25"],
    ["slow.mkv", kept("times", [0, 1, 2.5, 3]), "picture 2"],
    ["camcorder.mkv", kept("fields", "none"), "fields kept"],
    ["wrongly-told.ts", kept("fields", "none"), null],
    ["twelve-bits.mp4", kept("bits", 10), "12 bits"],
    ["cover-in.mp4", kept("cover", [64, 32]), null],
    ["plain.mp4", kept("cover", [64, 32]), "no cover"],
    ["pal.mkv", kept("color", { primaries: "bt709" }), "primaries bt470bg"],
    ["hdr10.mp4", changed("light", null, "SDR"), "still is HDR metadata"],
    ["hdr10.mp4", kept("light", { peak: 900, average: 400, brightest: 1000, darkest: 0.005 }), null],
    ["hdr10.mp4", kept("light", { peak: 901, average: 400, brightest: 1000, darkest: 0.005 }), "instead of"],
    ["hdr10-plus.mkv", kept("dynamic_metadata", false), "there is HDR10+"],
    ["chart-hdr.mkv", changed("mapped", 20, "SDR"), "a hue is off"],
    ["chart.mkv", kept("patches", 6), "a patch is off"],
    ["surround.mkv", kept("tones", [[300, 400, 500, 60, 600, 700]]), null],
    ["surround.mkv", kept("tones", [[300, 500, 400, 60, 600, 700]]), "track 0"],
    ["languages.mkv", kept("tracks", [{ language: "eng" }, { language: "ger" }]), "3 tracks"],
    ["languages.mkv", kept("tracks", [{}, { flags: ["comment"] }, { title: "English" }]), "track 2: title"],
    ["in-step.mp4", kept("sync", 0), null],
    ["sound-later.mkv", kept("sync", 0), "0.300 s after"],
    ["picture-later.mkv", kept("sync", -0.4), null],
    ["srt.mkv", kept("cues", [[[0.2, 0.9, "Grüße, «world»"]]]), "subtitle track 0"],
    ["styled.mkv", kept("attachments", []), "Caveat.ttf"],
    ["chapters.mkv", kept("chapters", [[0, "Anfang"]]), "The end"],
    ["tags.mkv", kept("tags", { title: "Die Käuzchen" }), null],
    ["tags.mkv", kept("tags", { title: "Owls" }), "title is not Owls"],
    ["plain.mp4", kept("modified", true), null],
    ["plain.mp4", kept("told", "left out"), "does not say"],
    ["captions.ts", kept("captions", "kept"), null],
    ["plain.mp4", kept("captions", "kept or said"), "captions in 0 of 25 pictures"],
    ["private.mp4", kept("permissions", 0o640), null],
    ["private.mp4", kept("permissions", 0o644), "permissions 640"],
    ["in-step.mp4", kept("drift", 12), "flashes instead of 12"],
    ["plain.mp4", kept("beside", [{ suffix: "ger.sup", codec: "hdmv_pgs_subtitle", shown: [] }]), "ger.sup"],
  ];
  test.each(rows)(
    "%s %j",
    async (name, expectation, wrong) => {
      const source = () => seen("plain.mp4");
      const said = await judge({ source, result: await seen(name), told: [], said: [] }, expectation);
      if (wrong === null) expect(said).toBeNull();
      else expect(said).toContain(wrong);
    },
    LIMIT_MS,
  );

  test("a file that was touched is seen", async () => {
    const path = join(folder, "touched.mp4");
    await copyFile(await made("plain.mp4"), path);
    const result = await look(path);
    expect(
      await judge({ source: async () => result, result, told: [], said: [] }, kept("modified", true)),
    ).toContain("modified");
  });

  test("what does not decode is damaged", async () => {
    expect(await decodeErrors(await made("plain.mp4"))).toBe("");
    expect(await decodeErrors(await made("half.mkv"))).not.toBe("");
  });
});

test("an expectation is about the conversions that it names", () => {
  const target = { codec: "hevc", container: "mkv", flags: ["--hdr", "tonemap"] };
  const rows = [
    [undefined, true],
    [{ codec: ["hevc", "av1"] }, true],
    [{ codec: ["h264"] }, false],
    [{ container: ["mp4"] }, false],
    [{ with: "tonemap" }, true],
    [{ without: "tonemap" }, false],
  ] as const;
  for (const [on, expected] of rows) expect(concerns(on as Expectation["on"], target)).toBe(expected);
});
