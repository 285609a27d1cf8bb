import { join } from "node:path";

/**
 * A film whose every frame shows its own number, so that what became of each can be seen. `claims`: whether the
 * container says how long the film is, so that a missing end can be known at all. `numbers` are the frames in it.
 */
export type NumberedFilm = {
  name: string;
  path: string;
  numbers: number[];
  claims: boolean;
  constant: boolean;
};

export const FRAME_RATE = 25;
export const SIZE = { width: 160, height: 120 };
/** One block of the top row for each bit of a frame's number, least first. */
export const BITS = 8;
export const BLOCK = { width: 16, height: 24 };
const FRAMES = 150;

type Recipe = {
  name: string;
  options: string[];
  claims?: boolean;
  sound?: boolean;
  /** Written into a pipe, where no muxer can go back and write how long the film became. */
  piped?: boolean;
  keep?: (number: number) => boolean;
};

const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "3", "-pix_fmt", "yuv420p"];
const OPEN = ["-x264-params", "open-gop=1:keyint=25:bframes=3:b-adapt=0"];
const X265 = [
  "-c:v",
  "libx265",
  "-preset",
  "ultrafast",
  "-x265-params",
  "log-level=none:keyint=25:bframes=3",
];
const MPEG4 = ["-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-bf", "2"];
const PLAIN_MPEG4 = ["-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-bf", "0"];
const MPEG2 = ["-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2"];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k", "-g", "50"];
const VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k", "-g", "50"];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const sparse = (number: number) => number < 40 || number % 3 === 0;

export const RECIPES: Recipe[] = [
  { name: "h264.mkv", options: [...X264, ...AAC] },
  { name: "open-gop.mkv", options: [...X264, ...OPEN, ...AAC] },
  { name: "silent.mkv", options: X264, sound: false },
  { name: "piped.mkv", options: [...X264, ...AAC], piped: true, claims: false },
  { name: "hevc.mkv", options: [...X265, ...AAC] },
  { name: "mpeg4.mkv", options: [...MPEG4, "-c:a", "libmp3lame"] },
  { name: "variable.mkv", options: [...X264, ...AAC], keep: sparse },
  { name: "h264.mp4", options: [...X264, ...AAC] },
  { name: "faststart.mp4", options: [...X264, ...OPEN, ...AAC, "-movflags", "+faststart"] },
  { name: "hevc.mp4", options: [...X265, ...AAC, "-movflags", "+faststart"] },
  { name: "mpeg4.mp4", options: [...MPEG4, ...AAC, "-movflags", "+faststart"] },
  {
    name: "fragmented.mp4",
    options: [...X264, ...AAC, "-movflags", "frag_keyframe+empty_moov"],
    claims: false,
  },
  { name: "variable.mp4", options: [...X264, ...AAC, "-movflags", "+faststart"], keep: sparse },
  { name: "h264.mov", options: [...X264, "-c:a", "pcm_s16le", "-movflags", "+faststart"] },
  { name: "h264.ts", options: [...X264, ...AAC], claims: false },
  { name: "open-gop.ts", options: [...X264, ...OPEN, "-c:a", "mp2"], claims: false },
  { name: "hevc.ts", options: [...X265, ...AAC], claims: false },
  { name: "mpeg2.ts", options: [...MPEG2, "-c:a", "mp2"], claims: false },
  { name: "mpeg2.mpg", options: [...MPEG2, "-c:a", "mp2"], claims: false },
  { name: "mpeg4.avi", options: [...PLAIN_MPEG4, "-c:a", "libmp3lame"] },
  { name: "h264.avi", options: [...X264, "-bf", "0", "-c:a", "ac3"] },
  { name: "vp9.webm", options: [...VP9, "-c:a", "libopus"] },
  { name: "vp8.webm", options: [...VP8, "-c:a", "libvorbis"] },
];

/** Makes the film of that name in a folder. */
export async function makeFilm(name: string, folder: string): Promise<NumberedFilm> {
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe === undefined) throw new Error(`there is no film ${name}`);
  const path = join(folder, name);
  const { keep = () => true, sound = true, piped = false } = recipe;
  const numbers = Array.from({ length: FRAMES }, (_, n) => n).filter(keep);
  const chosen = recipe.keep === undefined ? [] : ["-fps_mode", "vfr"];
  const select = recipe.keep === undefined ? "" : ",select='lt(n,40)+not(mod(n,3))'";
  const { width, height } = SIZE;
  const seconds = FRAMES / FRAME_RATE;
  const picture = `testsrc2=s=${width}x${height}:r=${FRAME_RATE}:d=${seconds},${digits()}${select}`;
  const tone = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}:sample_rate=48000`];
  const extension = name.slice(name.lastIndexOf(".") + 1);
  const format = extension === "mkv" ? ["-f", "matroska"] : [];
  const argv = [
    ...["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, ...(sound ? tone : [])],
    ...["-map", "0:v", ...(sound ? ["-map", "1:a"] : []), ...chosen, ...recipe.options, ...format],
    piped ? "pipe:1" : `file:${path}`,
  ];
  const child = Bun.spawn(argv, {
    stdin: "ignore",
    stdout: piped ? Bun.file(path) : "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")}: ${said}`);
  return { name, path, numbers, claims: recipe.claims ?? true, constant: recipe.keep === undefined };
}

/** Black blocks, of which those are white whose bit is set in the frame's number. */
function digits(): string {
  const { width, height } = BLOCK;
  const row = `drawbox=x=0:y=0:w=${SIZE.width}:h=${height}:color=black:t=fill`;
  const blocks = Array.from({ length: BITS }, (_, bit) => {
    const set = `gte(mod(n\\,${2 ** (bit + 1)})\\,${2 ** bit})`;
    return `drawbox=x=${bit * width}:y=0:w=${width}:h=${height}:color=white:t=fill:enable='${set}'`;
  });
  return [row, ...blocks].join(",");
}
