import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { showsCaptions } from "../../src/ffmpeg/look-captions.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { MadeBeside } from "../../src/shared/job.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import { withCaptions } from "../support/closed-captions.ts";
import { makePgs } from "../support/picture-subtitles.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Films with subtitles, attachments, chapters and tags, through real conversions. */

const LIMIT_MS = 180_000;
const { ffmpeg } = await thisMachine();
const folder = await temporaryFolder();
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  const text =
    "1\n00:00:00,200 --> 00:00:00,700\nHallo <i>Welt</i>\n\n2\n00:00:01,000 --> 00:00:01,600\nZweite\n";
  await writeFile(at("a.srt"), text);
  await writeFile(
    at("a.sup"),
    makePgs([
      { start_s: 0.2, end_s: 0.6 },
      { start_s: 1, end_s: 1.5 },
    ]),
  );
  await writeFile(at("a.bin"), "some bytes");
  await writeFile(at("about.txt"), ABOUT);
  await make("rich.mkv", [
    ...["-i", at("a.srt"), "-i", at("a.srt"), "-i", at("a.sup"), "-i", at("about.txt")],
    ...[
      "-map",
      "0",
      "-map",
      "1",
      "-map",
      "2",
      "-map",
      "3",
      "-map",
      "4",
      "-map_metadata",
      "5",
      "-map_chapters",
      "5",
    ],
    ...["-c:s:0", "srt", "-c:s:1", "ass", "-c:s:2", "copy"],
    ...[
      "-metadata:s:s:0",
      "language=ger",
      "-metadata:s:s:0",
      "title=Nur Fremdes",
      "-disposition:s:0",
      "default+forced",
    ],
    ...["-metadata:s:s:1", "language=eng", "-disposition:s:1", "hearing_impaired"],
    ...[
      "-metadata:s:s:2",
      "language=fre",
      "-attach",
      at("a.bin"),
      "-metadata:s:t:0",
      "mimetype=application/x-thing",
    ],
    ...["-metadata:s:t:0", "filename=thing.bin"],
  ]);
  await make("phone.mov", [
    ...["-map", "0", "-map", "1", "-movflags", "use_metadata_tags"],
    ...["-metadata", "com.apple.quicktime.location.ISO6709=+48.2082+016.3738+171.000/"],
    ...["-metadata", "com.apple.quicktime.creationdate=2021-05-06T07:08:09+0200"],
    ...["-metadata", "com.apple.quicktime.make=Apple", "-metadata", "creation_time=2021-05-06T05:08:09Z"],
  ]);
}, LIMIT_MS);
afterAll(() => folder.remove());

const ABOUT = `;FFMETADATA1
title=A Title
artist=Somebody
date=2001-02-03
comment=A comment
location=+48.2082+016.3738/
creation_time=2001-02-03T04:05:06Z
encoder=Another program
inventory_number=17
[CHAPTER]
TIMEBASE=1/1000
START=0
END=800
title=One
[CHAPTER]
TIMEBASE=1/1000
START=800
END=2000
title=Zwei ö
`;

async function make(name: string, options: string[]): Promise<void> {
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=2"];
  const sound = ["-f", "lavfi", "-i", "sine=duration=2"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"];
  const quiet = ["-v", "error", "-nostdin", "-y"];
  const [inputs, outputs] = [options.indexOf("-map"), options.length];
  const cmd = [
    ...[ffmpeg.path, ...quiet, ...picture, ...sound, ...options.slice(0, inputs), ...codecs],
    ...[...options.slice(inputs, outputs), at(name)],
  ];
  const child = Bun.spawn({ cmd, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`ffmpeg could not make ${name}: ${said}`);
}

async function become(
  name: string,
  changes: Partial<Conversion>,
): Promise<{ result: MediaInfo; notes: string[]; target: string; beside: MadeBeside[] }> {
  const target = at(`${name}.${changes.container}`);
  const ended = await convert({ source: at(name), target }, { verify: "full", ...changes });
  if (ended.outcome !== "done") throw new Error(ended.message);
  const seen = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: target });
  if ("refusal" in seen) throw new Error(seen.refusal.message);
  return { result: seen.media, notes: ended.report.notes ?? [], target, beside: ended.beside };
}

function told({ tags }: MediaInfo): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
}

describe("a film with everything", () => {
  let inMp4: ReturnType<typeof become> | null = null;
  const becomeMp4 = () => {
    inMp4 ??= become("rich.mkv", { container: "mp4" });
    return inMp4;
  };

  test(
    "stays so in Matroska",
    async () => {
      const { result, notes } = await become("rich.mkv", { container: "mkv" });
      expect(result.subtitles).toMatchObject([
        { codec: "subrip", language: "ger", title: "Nur Fremdes", flags: ["default", "forced"] },
        { codec: "ass", language: "eng", title: null, flags: ["hearing_impaired"] },
        { codec: "hdmv_pgs_subtitle", language: "fre", flags: [] },
      ]);
      expect(result.other).toMatchObject([{ filename: "thing.bin", mimetype: "application/x-thing" }]);
      expect(result.chapter_titles).toEqual(["One", "Zwei ö"]);
      expect(told(result)).toMatchObject({ title: "A Title", date: "2001-02-03", inventory_number: "17" });
      expect(Date.parse(told(result).creation_time ?? "")).toBe(Date.UTC(2001, 1, 3, 4, 5, 6));
      expect(told(result).encoder).toStartWith("Lavf");
      expect(notes).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "keeps in mp4 what that holds, and names the rest",
    async () => {
      const { result, notes } = await becomeMp4();
      expect(result.subtitles).toMatchObject([
        { codec: "mov_text", language: "ger", flags: ["default", "forced"] },
        { codec: "mov_text", language: "eng", flags: ["hearing_impaired"] },
      ]);
      expect(result.subtitles[0]?.handler).toBe("Nur Fremdes");
      expect(result.chapter_titles).toEqual(["One", "Zwei ö"]);
      expect(told(result)).toMatchObject({ title: "A Title", artist: "Somebody", comment: "A comment" });
      expect(told(result).location).toStartWith("+48.2082+016.3738");
      expect(Date.parse(told(result).creation_time ?? "")).toBe(Date.UTC(2001, 1, 3, 4, 5, 6));
      expect(notes).toEqual([
        "Subtitle track 3 (ass) becomes plain text: mp4 holds no fonts, colours and places of subtitles.",
        "Subtitle track 4 (fre) could not be kept: mp4 cannot hold hdmv_pgs_subtitle. conversion.subtitles tells ways to keep it.",
        "Track 5 (attachment, thing.bin) was left out: mp4 has no place for it.",
        "mp4 has no place for what the film says as inventory_number.",
      ]);
    },
    LIMIT_MS,
  );

  test(
    "comes back from mp4 without mp4's own words",
    async () => {
      await becomeMp4();
      const { result, notes } = await become("rich.mkv.mp4", { container: "mkv" });
      expect(result.subtitles).toMatchObject([
        { codec: "subrip", language: "ger", title: "Nur Fremdes", flags: ["default", "forced"] },
        { codec: "subrip", language: "eng", title: null, flags: ["hearing_impaired"] },
      ]);
      expect(result.chapter_titles).toEqual(["One", "Zwei ö"]);
      expect(Object.keys(told(result)).filter((name) => /brand|handler|location-/.test(name))).toEqual([]);
      expect(notes).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "becomes mkv where its picture subtitles are to stay inside",
    async () => {
      const { result, notes } = await become("rich.mkv", { container: "mp4", subtitles: "mkv" });
      expect(result.format).toContain("matroska");
      expect(result.subtitles.map(({ codec }) => codec)).toEqual(["subrip", "ass", "hdmv_pgs_subtitle"]);
      expect(notes[0]).toStartWith(
        "The film becomes mkv, not mp4, to keep its picture subtitles (4, hdmv_pgs",
      );
    },
    LIMIT_MS,
  );
});

test(
  "picture subtitles lie beside the film where that is asked for",
  async () => {
    const made = await become("rich.mkv", { container: "mp4", subtitles: "beside" });
    expect(made.beside).toMatchObject([{ suffix: ".1.sup", extension: "sup", label: "fre" }]);
    const path = `${made.target}.1.sup`;
    expect(made.beside[0]?.size).toBe(Bun.file(path).size);
    const seen = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path });
    expect("media" in seen && seen.media.subtitles).toMatchObject([{ codec: "hdmv_pgs_subtitle" }]);
    expect(made.notes.filter((note) => /beside/.test(note))).toEqual([
      "Subtitle track 4 (fre, hdmv_pgs_subtitle) is written beside the film, as NAME.fre.sup.",
    ]);
    await rm(path);
    await make("dvd.mkv", ["-i", at("rich.mkv"), "-map", "0", "-map", "2:4", "-c:s", "dvdsub"]);
    const dvd = await become("dvd.mkv", { container: "mp4", subtitles: "beside" });
    expect(dvd.beside).toMatchObject([{ extension: "mks", label: "fre" }]);
    const file = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: `${dvd.target}.1.mks` });
    expect("media" in file && file.media.subtitles).toMatchObject([
      { codec: "dvd_subtitle", language: "fre" },
    ]);
    // Its last subtitle has no end, by which the file claims to last 49 days.
    const { result, target } = await become("dvd.mkv", { container: "mkv" });
    expect(result.subtitles).toMatchObject([{ codec: "dvd_subtitle" }]);
    expect(result.duration_s).toBeLessThan(4);
    // Nor do the results, which players ask.
    for (const path of [`${dvd.target}.1.mks`, target]) {
      const argv = [ffmpeg.ffprobe_path, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"];
      const said = Bun.spawnSync([...argv, path]).stdout.toString();
      expect({ path, claims: Number(said) > 0 && Number(said) < 4 }).toEqual({ path, claims: true });
    }
  },
  2 * LIMIT_MS,
);

test(
  "chapters that end before the first picture are no loss, and hundreds stay",
  async () => {
    const [start, step] = [";FFMETADATA1\n", 6];
    const chapter = (n: number) =>
      `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${n * step}\nEND=${n * step + step}\ntitle=C${n}\n`;
    await writeFile(at("many.txt"), start + Array.from({ length: 300 }, (_, n) => chapter(n)).join(""));
    const inputs = ["-i", at("many.txt"), "-map", "0", "-map_metadata", "2", "-map_chapters", "2"];
    await make("many.mkv", [...inputs, "-output_ts_offset", "0.023"]);
    for (const container of ["mkv", "mp4"] as const) {
      const { result, notes } = await become("many.mkv", { container });
      expect(result.chapter_titles.length).toBeGreaterThan(290);
      expect(result.chapter_titles.at(-1)).toBe("C299");
      expect(notes).toEqual([]);
    }
  },
  LIMIT_MS,
);

test(
  "closed captions inside the pictures stay with x264, and are named as lost elsewhere",
  async () => {
    await make("plain.h264", ["-map", "0", "-frames:v", "10"]);
    await writeFile(at("cc.h264"), withCaptions(await Bun.file(at("plain.h264")).bytes()));
    await make("cc.mkv", ["-r", "10", "-i", at("cc.h264"), "-map", "2", "-c:v", "copy"]);
    const kept = await become("cc.mkv", { container: "mp4" });
    const signal = new AbortController().signal;
    expect(await showsCaptions({ ffmpeg, path: kept.target, duration_s: null, signal })).toBe(true);
    expect(kept.notes).toEqual([expect.stringContaining("closed captions inside its pictures")]);
    const [silent, spoken] = [
      await Bun.file(at("plain.h264")).bytes(),
      await Bun.file(at("cc.h264")).bytes(),
    ];
    await writeFile(at("late.h264"), Buffer.concat([...Array(20).fill(silent), ...Array(20).fill(spoken)]));
    await make("late.mkv", ["-r", "10", "-i", at("late.h264"), "-map", "2", "-c:v", "copy"]);
    const late = await become("late.mkv", { container: "mp4" });
    expect(late.notes).toEqual([expect.stringContaining("closed captions inside its pictures")]);
    const lost = await become("cc.mkv", { container: "mkv", codec: "ffv1" });
    expect(lost.notes.at(-1)).toBe("The closed captions inside the source's pictures are not in the result.");
  },
  LIMIT_MS,
);

test(
  "closed captions that begin far behind a keyframe are seen",
  async () => {
    const long = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=30", "-map", "2", "-g", "999"];
    await make("long.h264", long);
    const bytes = await Bun.file(at("long.h264")).bytes();
    const half = Math.floor(bytes.length / 2);
    await writeFile(
      at("far.h264"),
      Buffer.concat([bytes.subarray(0, half), withCaptions(bytes.subarray(half))]),
    );
    await make("far.mkv", ["-r", "10", "-i", at("far.h264"), "-map", "2", "-c:v", "copy"]);
    const shown = (duration_s: number | null) =>
      showsCaptions({ ffmpeg, path: at("far.mkv"), duration_s, signal: new AbortController().signal });
    expect([await shown(null), await shown(30)]).toEqual([false, true]);
  },
  LIMIT_MS,
);

test(
  "texts that are not UTF-8 cost no film, and are counted",
  async () => {
    const bytes = Buffer.from(
      "1\n00:00:00,200 --> 00:00:00,700\nHell\xf6\n\n2\n00:00:01,000 --> 00:00:01,600\nPlain\n",
      "latin1",
    );
    await writeFile(at("latin.srt"), bytes);
    await make("latin.mkv", ["-i", at("latin.srt"), "-map", "0", "-map", "2", "-c:s", "copy"]);
    const { notes } = await become("latin.mkv", { container: "mp4" });
    expect(notes).toContain(
      "Of subtitle track 1, 1 text could not be read and is missing: not UTF-8, or damaged.",
    );
    expect((await become("latin.mkv", { container: "mkv" })).notes).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "texts that mp4 ends early, as others begin, are counted; those that only touch are not",
  async () => {
    const cue = (n: number, from: string, to: string) => `${n}\n00:00:0${from} --> 00:00:0${to}\nText ${n}\n`;
    const cues = [cue(1, "0,200", "1,200"), cue(2, "0,500", "0,800"), cue(3, "1,180", "1,600")];
    await writeFile(at("both.srt"), cues.join("\n"));
    await make("both.mkv", ["-i", at("both.srt"), "-map", "0", "-map", "2", "-c:s", "copy"]);
    expect((await become("both.mkv", { container: "mp4" })).notes).toContain(
      "In subtitle track 1, 1 text begins while another one is shown: mp4 shows one at a time, so what was there before it ends early.",
    );
    expect((await become("both.mkv", { container: "mkv" })).notes).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a phone's place, time and make stay where phones look for them",
  async () => {
    const { result, notes } = await become("phone.mov", { container: "mp4" });
    const says = told(result);
    expect(says["com.apple.quicktime.location.iso6709"]).toBe("+48.2082+016.3738+171.000/");
    expect(says["com.apple.quicktime.creationdate"]).toBe("2021-05-06T07:08:09+0200");
    expect(says["com.apple.quicktime.make"]).toBe("Apple");
    expect(says.location).toStartWith("+48.2082+016.3738");
    expect(notes).toEqual([]);
    const again = await become("phone.mov.mp4", { container: "mp4" });
    expect(told(again.result).creation_time).toStartWith("2021-05-06T05:08:09");
    expect(told(again.result)["com.apple.quicktime.creationdate"]).toBe("2021-05-06T07:08:09+0200");
  },
  LIMIT_MS,
);
