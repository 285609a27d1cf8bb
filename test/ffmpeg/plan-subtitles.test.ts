import { describe, expect, test } from "bun:test";
import { filmContainer, planSubtitles } from "../../src/ffmpeg/plan-subtitles.ts";
import type { SubtitleStream } from "../../src/shared/media.ts";
import { conversion, subtitleStream } from "./records.ts";

const of = (subtitles: SubtitleStream[], format = "matroska,webm") => ({ format, subtitles });

const PGS: Partial<SubtitleStream> = { codec: "hdmv_pgs_subtitle", text: false };
const tracks = (...changes: Partial<SubtitleStream>[]) =>
  changes.map((one, n) => subtitleStream({ index: n + 2, ...one }));

describe("files beside a film", () => {
  const rows: [string, Partial<SubtitleStream>[], string[]][] = [
    [
      "by language and purpose",
      [{ ...PGS, language: "ger", flags: ["default", "forced"] }],
      ["ger.forced.sup"],
    ],
    ["for who hears less", [{ ...PGS, language: "en", flags: ["hearing_impaired"] }], ["en.sdh.sup"]],
    ["of a commentary", [{ ...PGS, language: "eng", flags: ["comment"] }], ["eng.commentary.sup"]],
    ["without a language", [PGS], ["und.sup"]],
    ["of a language that is none", [{ ...PGS, language: "../../x" }], ["und.sup"]],
    ["with a region", [{ ...PGS, language: "pt-BR" }], ["pt-br.sup"]],
    [
      "alike",
      [PGS, PGS, { ...PGS, language: "ger" }, PGS],
      ["und.sup", "und.track2.sup", "ger.sup", "und.track3.sup"],
    ],
    [
      "of DVDs and broadcasts",
      [
        { ...PGS, codec: "dvd_subtitle" },
        { ...PGS, codec: "dvb_subtitle", language: "deu" },
      ],
      ["und.mks", "deu.mks"],
    ],
  ];
  test.each(rows)("%s", (_name, changes, names) => {
    const planned = planSubtitles(of(tracks(...changes)), "mp4", "beside");
    expect(planned.beside.map(({ label, extension }) => `${label}.${extension}`)).toEqual(names);
    expect(planned.tracks).toEqual([]);
    expect(planned.notes).toHaveLength(names.length);
  });

  test("are of pictures alone, and only where the container cannot hold them", () => {
    const both = tracks({ language: "ger" }, PGS);
    expect(planSubtitles(of(both), "mp4", "beside").tracks).toMatchObject([
      { index: 2, encoder: "mov_text" },
    ]);
    expect(planSubtitles(of(both), "mkv", "beside").beside).toEqual([]);
    expect(planSubtitles(of(both), "mp4", "drop").beside).toEqual([]);
  });

  test("cannot be of what ffmpeg writes nowhere", () => {
    const { beside, notes } = planSubtitles(
      of(tracks({ codec: "dvb_teletext", text: false })),
      "mp4",
      "beside",
    );
    expect(beside).toEqual([]);
    expect(notes).toEqual(["Subtitle track 2 could not be kept: mp4 cannot hold dvb_teletext."]);
  });
});

test("labels are kept; what the container has no mark for is named", () => {
  const track = { language: "de", title: "Lieder", flags: ["default", "lyrics"] };
  const planned = planSubtitles(of(tracks(track)), "mp4");
  expect(planned.tracks).toMatchObject([{ language: "deu", title: "Lieder", flags: ["default"] }]);
  expect(planned.notes).toHaveLength(2);
});

describe("the container", () => {
  const rows: [string, Partial<SubtitleStream>[], Parameters<typeof conversion>[0], string][] = [
    ["picture subtitles", [PGS], { subtitles: "mkv" }, "mkv"],
    ["texts alone", [{}], { subtitles: "mkv" }, "mp4"],
    ["another rule", [PGS], { subtitles: "beside" }, "mp4"],
    ["mkv anyway", [PGS], { subtitles: "mkv", container: "mkv" }, "mkv"],
  ];
  test.each(rows)("%s", (_name, changes, wanted, container) => {
    const chosen = filmContainer({ subtitles: tracks(...changes) }, conversion(wanted));
    expect(chosen.container).toBe(container as "mkv" | "mp4");
    expect(chosen.notes).toHaveLength(container === "mkv" && wanted?.container === undefined ? 1 : 0);
  });
});

test("pictures that last for weeks are looked for where ffmpeg writes such, and the clock stays the same", () => {
  const endless = (codec: string, format: string) =>
    planSubtitles(of(tracks({ codec, text: false }), format), "mkv").tracks.map((track) => track.endless);
  expect(endless("dvd_subtitle", "matroska,webm")).toEqual([true]);
  expect(endless("dvb_subtitle", "mpegts")).toEqual([undefined]);
  expect(endless("hdmv_pgs_subtitle", "matroska,webm")).toEqual([undefined]);
});
