import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { lookAtFilm } from "../../src/ffmpeg/look.ts";
import { watchShapes } from "../../src/ffmpeg/shape-watch.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";
import { videoStream } from "./records.ts";

const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (name: string) => join(folder.path, name);

async function ffmpeg(...options: string[]): Promise<string> {
  const cmd = ["ffmpeg", "-nostdin", "-y", ...options];
  const ran = await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } });
  if (ran.exit !== 0) throw new Error(`${cmd.join(" ")}: ${ran.stderr}`);
  return ran.stderr;
}

type Part = { length_s: number; size: string; aspect: string };
const NARROW = { size: "180x144", aspect: "16/15" };
const WIDE = { size: "180x144", aspect: "64/45" };
const SMALL = { size: "120x96", aspect: "16/15" };
const CODECS: Record<string, string[]> = {
  mpeg2video: ["-c:v", "mpeg2video", "-q:v", "4"],
  h264: ["-c:v", "libx264", "-preset", "ultrafast"],
};

/** A recording of 12 s; those who look at five places of it look at 0, 2.4, 4.8, 7.2 and 9.6 s. */
async function recording(
  name: string,
  codec: string,
  middle: { size: string; aspect: string },
): Promise<string> {
  const parts: Part[] = [
    { length_s: 5.6, ...NARROW },
    { length_s: 1.4, ...middle },
    { length_s: 5, ...NARROW },
  ];
  let begins_s = 0;
  for (const [n, { length_s, size, aspect }] of parts.entries()) {
    const input = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25:d=${length_s}`, "-vf", `setsar=${aspect}`];
    const form = [...(CODECS[codec] ?? []), "-g", "5", "-bf", "2", "-output_ts_offset", String(begins_s)];
    await ffmpeg("-v", "error", ...input, ...form, "-f", "mpegts", `${n}.ts`);
    begins_s += length_s;
  }
  await ffmpeg("-v", "error", "-i", "concat:0.ts|1.ts|2.ts", "-c", "copy", "-f", "mpegts", name);
  return inFolder(name);
}

/** What is not black at a time, as ffmpeg's cropdetect tells it. */
async function shownAt(path: string, at_s: number): Promise<string | undefined> {
  const detect = "cropdetect=limit=24:round=2:skip=0";
  const told = await ffmpeg(
    "-ss",
    String(at_s),
    "-i",
    path,
    "-frames:v",
    "2",
    "-vf",
    detect,
    "-f",
    "null",
    "-",
  );
  return told.match(/crop=\S+/g)?.at(-1);
}

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** This one's ffmpeg, and a newer one, which shows every picture in the shape of the first. */
const PROGRAMS: [string, string | null, { path: string; ffprobe_path: string } | null][] = [
  ["this ffmpeg", null, null],
  ["a newer ffmpeg", noNewer, newer && { path: newer.ffmpeg, ffprobe_path: newer.ffprobe }],
];

async function withProgram(programs: { path: string; ffprobe_path: string } | null) {
  const here = await thisMachine();
  return { ...here, ffmpeg: { ...here.ffmpeg, ...programs } };
}

describe.each(PROGRAMS)("with %s", (_, skipped, programs) => {
  for (const codec of Object.keys(CODECS)) {
    testOr(
      skipped,
      `a recording in ${codec} that is wide for a while, where nobody looked, is made anew with bars`,
      async () => {
        const source = await recording(`wide-${codec}.ts`, codec, WIDE);
        const capabilities = await withProgram(programs);
        const inspected = await inspect({ ffprobe_path: capabilities.ffmpeg.ffprobe_path, path: source });
        if ("refusal" in inspected) throw new Error(inspected.refusal.message);
        const looked = await lookAtFilm({ ...capabilities, path: source, media: inspected.media });
        expect(looked.video[0]?.shapes).toBeUndefined();
        const target = inFolder(`wide-${codec}.mp4`);
        const ended = await convert({ source, target }, { preset: "ultrafast" }, { capabilities });
        expect(ended.outcome).toBe("done");
        expect(ended.report.notes?.join()).toContain("change their shape on the way");
        expect(ended.report.earlier?.map(({ message }) => message)).toEqual([
          expect.stringContaining("where nobody had looked before"),
        ]);
        expect(await shownAt(target, 3)).toBe("crop=192:144:0:0");
        expect(await shownAt(target, 6.2)).toBe("crop=192:108:0:18");
        expect(await shownAt(target, 9)).toBe("crop=192:144:0:0");
      },
      LIMIT_MS,
    );
  }

  testOr(
    skipped,
    "one of which some pictures are smaller is made anew, too",
    async () => {
      const source = await recording("small.ts", "h264", SMALL);
      const capabilities = await withProgram(programs);
      const ended = await convert(
        { source, target: inFolder("small.mp4") },
        { preset: "ultrafast" },
        { capabilities },
      );
      expect(ended.outcome).toBe("done");
      expect(ended.report.earlier).toHaveLength(1);
      expect(ended.report.notes?.join()).toContain("120x96 with pixels of 16/15");
    },
    LIMIT_MS,
  );

  testOr(
    skipped,
    "what was made of one, in Matroska, whose header says one shape for all, is made as that says, and lacks nothing",
    async () => {
      const source = inFolder("wide.mkv");
      await ffmpeg("-v", "error", "-i", await recording("wide.ts", "mpeg2video", WIDE), "-c", "copy", source);
      const capabilities = await withProgram(programs);
      const ended = await convert(
        { source, target: inFolder("one.mp4") },
        { preset: "ultrafast" },
        { capabilities },
      );
      expect(ended).toMatchObject({ outcome: "done" });
    },
    LIMIT_MS,
  );

  testOr(
    skipped,
    "one of a single shape is made once",
    async () => {
      const source = await recording("same.ts", "mpeg2video", NARROW);
      const capabilities = await withProgram(programs);
      const ended = await convert(
        { source, target: inFolder("same.mp4") },
        { preset: "ultrafast" },
        { capabilities },
      );
      expect(ended.outcome).toBe("done");
      expect(ended.report.earlier).toBeUndefined();
      expect(ended.report.command?.at(-1)).toBe("pipe:2");
      expect(ended.report.log_tail).not.toMatch(/^(?:#|0,)/m);
    },
    LIMIT_MS,
  );
});

describe("films that are not watched", () => {
  const watched = async (changes: Parameters<typeof videoStream>[0], format: string, path?: string) => {
    const { ffmpeg } = await thisMachine();
    const film = videoStream(changes);
    const media = { format, start_s: 0, video: [film] } as unknown as Parameters<
      typeof watchShapes
    >[0]["media"];
    const programs = path === undefined ? ffmpeg : { ...ffmpeg, path };
    return (await watchShapes({ ffmpeg: programs, path: "x", media, index: film.index })) !== null;
  };
  test.each<[string, Parameters<typeof videoStream>[0], string, boolean]>([
    ["a broadcast is", { codec: "h264" }, "mpegts", true],
    ["a disc's file is", { codec: "mpeg2video" }, "mpeg", true],
    ["what was made of a disc is", { codec: "mpeg2video" }, "matroska,webm", true],
    ["whose shapes are known", { codec: "h264", shapes: [] }, "mpegts", false],
    ["that say it once", { codec: "h264" }, "matroska,webm", false],
    ["of another codec", { codec: "mpeg4" }, "mpegts", false],
  ])("%s", async (_, changes, format, wanted) => expect(await watched(changes, format)).toBe(wanted));

  test("where ffmpeg has no such list", async () => {
    expect(await watched({ codec: "h264" }, "mpegts", "/bin/true")).toBe(false);
  });
});
