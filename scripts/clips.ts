import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Small films of every kind, made by ffmpeg's own generators, for tests, the demo and measurements. `expected` is
 * what becomes of the clip: "done", or the reason of its refusal. `make` writes the file at `path`; its name's
 * extension is part of the clip. `seconds` is how long the film in it lasts (damaged ones: before the damage).
 */
export type Clip = { name: string; expected: string; make(to: ClipTarget): Promise<void> };
export type ClipTarget = { path: string; seconds: number; ffmpeg?: string };

/** Makes the named clips (all without `names`) in a folder; their paths by name. */
export async function makeClips(of: {
  folder: string;
  names?: string[];
  seconds?: number;
  ffmpeg?: string;
}): Promise<Map<string, string>> {
  await mkdir(of.folder, { recursive: true });
  const paths = new Map<string, string>();
  for (const name of of.names ?? CLIPS.map((clip) => clip.name)) {
    paths.set(name, await makeClip({ ...of, name, path: join(of.folder, name) }));
  }
  return paths;
}

/** Makes one clip under any path, its folder included; the path. */
export async function makeClip(of: {
  name: string;
  path: string;
  seconds?: number;
  ffmpeg?: string;
}): Promise<string> {
  const clip = CLIPS.find(({ name }) => name === of.name);
  if (clip === undefined) throw new Error(`there is no clip ${of.name}`);
  await mkdir(dirname(of.path), { recursive: true });
  await clip.make({ seconds: 2, ...of });
  return of.path;
}

/** Runs ffmpeg with a picture and a tone as inputs 0 and 1. */
async function generate(
  to: ClipTarget,
  options: { inputs?: string[]; size?: string; rate?: number; output: string[] },
) {
  const { size = "320x240", rate = 25, inputs = [] } = options;
  const picture = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${to.seconds}`];
  const tone = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${to.seconds}`];
  await runFfmpeg(to, [...picture, ...tone, ...inputs, ...options.output, `file:${to.path}`]);
}

async function runFfmpeg({ ffmpeg = "ffmpeg" }: ClipTarget, options: string[]): Promise<void> {
  const argv = [ffmpeg, "-v", "error", "-nostdin", "-y", ...options];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")}: ${said}`);
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const BOTH = ["-map", "0:v", "-map", "1:a"];

function clip(name: string, options: Parameters<typeof generate>[1]): Clip {
  return { name, expected: "done", make: (to) => generate(to, options) };
}

const SUBTITLES =
  '1\n00:00:00,200 --> 00:00:00,900\nGrüße, "world"\n\n2\n00:00:01,000 --> 00:00:01,700\nsecond\n';
const CHAPTERS = [
  ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n",
  "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n",
].join("");

/** Two audio tracks, two kinds of subtitles, chapters, a title and a font. */
async function makeTracks(to: ClipTarget): Promise<void> {
  const [srt, chapters, font] = [`${to.path}.srt`, `${to.path}.txt`, `${to.path}.ttf`];
  await writeFile(srt, SUBTITLES);
  await writeFile(chapters, CHAPTERS);
  await writeFile(font, "not really a font");
  const tags = [
    "-metadata:s:a:0",
    "language=eng",
    "-metadata:s:a:1",
    "language=ger",
    "-metadata:s:a:1",
    "title=Kommentar",
  ];
  await generate(to, {
    inputs: ["-i", srt, "-i", chapters],
    output: [
      ...["-map", "0:v", "-map", "1:a", "-map", "1:a", "-map", "2:s", "-map", "2:s", "-map_metadata", "3"],
      ...["-map_chapters", "3", ...X264, ...AAC, "-c:s:0", "srt", "-c:s:1", "ass", ...tags],
      ...["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fre"],
      ...[
        "-attach",
        font,
        "-metadata:s:t:0",
        "mimetype=application/x-truetype-font",
        "-t",
        String(to.seconds),
      ],
    ],
  });
  await Promise.all([srt, chapters, font].map((path) => rm(path)));
}

async function makeCover(to: ClipTarget): Promise<void> {
  const picture = ["-f", "lavfi", "-i", "color=red:s=64x64:d=0.04"];
  const attached = [
    "-map",
    "2:v",
    "-c:v:1",
    "mjpeg",
    "-pix_fmt:v:1",
    "yuvj420p",
    "-disposition:v:1",
    "attached_pic",
  ];
  await generate(to, { inputs: picture, output: [...BOTH, ...X264, ...AAC, ...attached] });
}

/** An upright film: stored lying, with a matrix in its header (ISO 14496-12, tkhd) that turns it by 90 degrees. */
async function makeVertical(to: ClipTarget): Promise<void> {
  await generate(to, { output: [...BOTH, ...X264, ...AAC] });
  const film = await readFile(to.path);
  const turned = [0, 1, 0, -1, 0, 0, 0, 0, 0x4000];
  const matrix = film.indexOf("tkhd") + 4 + 40;
  turned.forEach((value, n) => {
    film.writeInt32BE(value * 65_536, matrix + 4 * n);
  });
  await writeFile(to.path, film);
}

const good: Clip[] = [
  clip("plain.mp4", { output: [...BOTH, ...X264, ...AAC, "-movflags", "+faststart"] }),
  { name: "tracks.mkv", expected: "done", make: makeTracks },
  { name: "vertical.mp4", expected: "done", make: makeVertical },
  clip("web.webm", {
    output: [...BOTH, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
  }),
  clip("old.avi", { output: [...BOTH, "-c:v", "mpeg4", "-q:v", "4", "-bf", "0", "-c:a", "mp2"] }),
  clip("odd.mkv", { size: "161x121", output: ["-map", "0:v", "-c:v", "ffv1", "-pix_fmt", "yuv420p"] }),
  clip("wide-pixels.mpg", {
    size: "352x288",
    output: [...BOTH, "-c:v", "mpeg2video", "-aspect", "16:9", "-c:a", "mp2"],
  }),
  clip("ten-bit.mkv", {
    output: [
      ...["-map", "0:v", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"],
      ...["-x265-params", "log-level=error:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc"],
    ],
  }),
  clip("variable.mkv", {
    output: [...BOTH, "-vf", "select='lt(n,20)+not(mod(n,3))'", "-fps_mode", "vfr", ...X264, ...AAC],
  }),
  clip("variable.mp4", {
    output: ["-map", "0:v", "-vf", "select='lt(n,20)+not(mod(n,7))'", "-fps_mode", "vfr", ...X264],
  }),
  clip("stream.ts", { output: [...BOTH, ...X264, ...AAC] }),
  clip("interlaced.ts", {
    output: ["-map", "0:v", "-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "4"],
  }),
  clip("surround.mkv", { output: [...BOTH, ...X264, "-c:a", "ac3", "-ac", "6"] }),
  clip("ntsc.mkv", { rate: 24000 / 1001, output: [...BOTH, ...X264, "-c:a", "flac"] }),
  clip("screen.mkv", {
    output: ["-map", "0:v", "-c:v", "libx264rgb", "-preset", "ultrafast", "-pix_fmt", "rgb24"],
  }),
  clip("detail.mkv", {
    output: ["-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"],
  }),
  clip("fragmented.mp4", { output: [...BOTH, ...X264, ...AAC, "-movflags", "frag_keyframe+empty_moov"] }),
  spoiled("cut-in.ts", { from: "stream.ts", expected: "done", spoil: cutIn }),
  spoiled("glitch.ts", { from: "stream.ts", expected: "done", spoil: (film) => glitch(film, 0x100) }),
  spoiled("glitch-sound.ts", { from: "stream.ts", expected: "done", spoil: (film) => glitch(film, 0x101) }),
  { name: "cover.mp4", expected: "done", make: makeCover },
  clip("late.mkv", {
    inputs: ["-itsoffset", "0.5", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=1"],
    output: ["-map", "2:v", "-map", "1:a", ...X264, ...AAC],
  }),
];

/** Makes another clip and spoils its bytes. */
function spoiled(
  name: string,
  of: { from: string; expected: string; spoil: (film: Buffer) => Buffer },
): Clip {
  return {
    name,
    expected: of.expected,
    async make(to) {
      const whole = `${to.path}.whole-${of.from}`;
      await makeClip({ ...to, name: of.from, path: whole });
      await writeFile(to.path, of.spoil(await readFile(whole)));
      await rm(whole);
    },
  };
}

function written(name: string, expected: string, text: string | Uint8Array): Clip {
  return { name, expected, make: ({ path }) => writeFile(path, text) };
}

/** As a recording that began anywhere: without the packets before, in the midst of a group of pictures. */
function cutIn(film: Buffer): Buffer {
  return film.subarray(Math.floor((film.length * 0.2) / 188) * 188);
}

/**
 * One full packet of one stream (by its PID, ISO 13818-1) of a ts, spoiled in the midst: the last, so that of the film
 * no later picture is drawn from the broken one.
 */
function glitch(film: Buffer, pid: number): Buffer {
  const copy = Buffer.from(film);
  for (let at = Math.floor(film.length / 188) * 188 - 188; at >= 0; at -= 188) {
    const full = (film.readUInt8(at + 1) & 0x40) === 0 && (film.readUInt8(at + 3) & 0x30) === 0x10;
    if ((film.readUInt16BE(at + 1) & 0x1fff) !== pid || !full) continue;
    for (let n = at + 10; n < at + 180; n += 1) copy.writeUInt8(film.readUInt8(n) ^ 0x5a, n);
    break;
  }
  return copy;
}

const half = (film: Buffer) => film.subarray(0, Math.floor(film.length / 2));

/** 188-byte packets, a fifth of them missing from the middle. */
function withHole(film: Buffer): Buffer {
  const at = (share: number) => Math.floor((film.length * share) / 188) * 188;
  return Buffer.concat([film.subarray(0, at(0.4)), film.subarray(at(0.6))]);
}

/** Always the same forty bytes of the later part. */
function flipped(film: Buffer): Buffer {
  const copy = Buffer.from(film);
  for (let n = 0; n < 40; n += 1) {
    const at = Math.floor(film.length * (0.3 + n / 60));
    copy[at] = (copy[at] ?? 0) ^ 0x5a;
  }
  return copy;
}

async function makeEncrypted(to: ClipTarget): Promise<void> {
  const key = "76a6c65c5ea762046bd749a2e632ccbb";
  const scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key];
  await generate(to, { output: [...BOTH, ...X264, ...AAC, ...scheme] });
}

const PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n#EXT-X-ENDLIST\n";

const refused: Clip[] = [
  spoiled("cut.mkv", { from: "plain.mkv", expected: "source_damaged", spoil: half }),
  spoiled("cut.mp4", { from: "vertical.mp4", expected: "source_damaged", spoil: half }),
  spoiled("cut-faststart.mp4", { from: "plain.mp4", expected: "source_damaged", spoil: half }),
  spoiled("hole.ts", { from: "stream.ts", expected: "source_damaged", spoil: withHole }),
  spoiled("flipped.mkv", { from: "plain.mkv", expected: "source_damaged", spoil: flipped }),
  { name: "encrypted.mp4", expected: "encrypted", make: makeEncrypted },
  {
    name: "sound.m4a",
    expected: "no_video",
    make: (to) => generate(to, { output: ["-map", "1:a", ...AAC] }),
  },
  {
    name: "picture.mkv",
    expected: "not_a_video",
    make: (to) =>
      generate(to, {
        output: ["-map", "0:v", "-frames:v", "1", "-f", "image2", "-update", "1", "-c:v", "png"],
      }),
  },
  written("text.mp4", "not_a_video", "This is a shopping list: milk, bread, cheese.\n".repeat(40)),
  written("playlist.mkv", "not_a_video", PLAYLIST),
  written("list.mkv", "not_a_video", "ffconcat version 1.0\nfile plain.mp4\n"),
  written("empty.mp4", "source_damaged", ""),
  written("zeros.mkv", "source_damaged", new Uint8Array(100_000)),
];

export const CLIPS: Clip[] = [...good, clip("plain.mkv", { output: [...BOTH, ...X264, ...AAC] }), ...refused];

if (import.meta.main) {
  const [folder, ...names] = process.argv.slice(2);
  if (folder === undefined)
    throw new Error(`usage: bun scripts/${basename(import.meta.path)} FOLDER [CLIP...]`);
  const made = await makeClips({ folder, ...(names.length > 0 ? { names } : {}) });
  for (const path of made.values()) process.stdout.write(`${path}\n`);
}
