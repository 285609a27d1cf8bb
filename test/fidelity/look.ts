import { run } from "../support/processes.ts";

export type Probed = {
  streams: ProbedStream[];
  format: { start_time?: string; tags?: Record<string, string> };
  chapters: { start_time: string; tags?: { title?: string } }[];
};

export type ProbedStream = {
  index: number;
  codec_type?: string;
  codec_name?: string;
  width?: number;
  height?: number;
  sample_aspect_ratio?: string;
  pix_fmt?: string;
  bits_per_raw_sample?: string;
  color_primaries?: string;
  color_transfer?: string;
  color_space?: string;
  color_range?: string;
  chroma_location?: string;
  channels?: number;
  channel_layout?: string;
  disposition: Record<string, number>;
  tags?: Record<string, string>;
  side_data_list?: SideData[];
};
export type SideData = { side_data_type: string } & Record<string, string | number | undefined>;
export type ProbedFrame = { best_effort_timestamp_time?: string; side_data_list?: SideData[] };

/** A file as ffprobe and ffmpeg see it; each thing is looked up once, when it is asked for. Paths are absolute. */
export type Look = {
  path: string;
  probed: Probed;
  /** The main video stream's: the default one that is no cover, else the first. */
  film: ProbedStream;
  frames(): Promise<ProbedFrame[]>;
  /** Pictures of the film as RGB of that size, upright: the first, and the last. */
  pictures(size: [number, number]): Promise<Uint8Array[]>;
  /** An audio track's samples, those of one channel after those of another, silence before its start; 48 kHz. */
  samples(track: number): Promise<Float32Array[]>;
  /** What a program of ffmpeg's says with these options; the path goes behind `-i`. */
  ask(program: "ffmpeg" | "ffprobe", ...options: string[]): Promise<Uint8Array>;
};

export async function look(path: string): Promise<Look> {
  const options = ["-show_streams", "-show_format", "-show_chapters", "-of", "json"];
  const probed: Probed = JSON.parse(text(await ask(path, "ffprobe", ...options)));
  const films = probed.streams.filter(
    (stream) => stream.codec_type === "video" && stream.disposition.attached_pic !== 1,
  );
  const film = films.find(({ disposition }) => disposition.default === 1) ?? films[0];
  if (film === undefined) throw new Error(`${path} has no film`);
  const map = ["-map", `0:${film.index}`];
  return {
    path,
    probed,
    film,
    frames: once(async () => {
      const entries = ["-show_entries", "frame=best_effort_timestamp_time:frame_side_data"];
      const of = ["-select_streams", String(film.index), ...entries, "-of", "json"];
      return (JSON.parse(text(await ask(path, "ffprobe", ...of))) as { frames: ProbedFrame[] }).frames;
    }),
    async pictures([width, height]) {
      const scaled = [
        "-vf",
        `scale=${width}:${height}:flags=area`,
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
      ];
      const all = await ask(path, "ffmpeg", ...map, ...PASS, ...scaled);
      const length = width * height * 3;
      return [all.subarray(0, length), all.subarray(all.length - length)];
    },
    async samples(track) {
      const channels = audioOf(probed)[track]?.channels ?? 1;
      const filled = ["-af", "aresample=48000:async=1:min_hard_comp=0.001:first_pts=0", "-f", "f32le", "-"];
      return apart(await ask(path, "ffmpeg", "-map", `0:a:${track}`, ...filled), channels);
    },
    ask: (program, ...rest) => ask(path, program, ...rest),
  };
}

const PASS = ["-fps_mode", "passthrough"];

/** Seconds: what ffmpeg, other than ffprobe, takes off all times of a file. */
export function startOf({ format }: Probed): number {
  return Number(format.start_time ?? 0);
}

export function audioOf({ streams }: Probed): ProbedStream[] {
  return streams.filter(({ codec_type }) => codec_type === "audio");
}

/** Asks at the first call only. */
export function once<T>(get: () => Promise<T>): () => Promise<T> {
  let got: Promise<T> | null = null;
  return () => {
    got ??= get();
    return got;
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function ask(path: string, program: "ffmpeg" | "ffprobe", ...options: string[]): Promise<Uint8Array> {
  const nostdin = program === "ffmpeg" ? ["-nostdin"] : [];
  const cmd = [program, "-v", "error", ...nostdin, "-i", path, ...options];
  const child = Bun.spawn({ cmd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, said] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`${cmd.join(" ")}: ${said}`);
  return out;
}

function apart(bytes: Uint8Array, channels: number): Float32Array[] {
  const all = new Float32Array(bytes.slice().buffer, 0, Math.floor(bytes.length / 4));
  return Array.from({ length: channels }, (_, n) =>
    Float32Array.from({ length: Math.floor(all.length / channels) }, (__, at) => all[at * channels + n] ?? 0),
  );
}

/** The whole of what ffmpeg complains of when it decodes everything; empty for a sound file. */
export async function decodeErrors(path: string): Promise<string> {
  const cmd = [
    "ffmpeg",
    "-v",
    "error",
    "-nostdin",
    "-i",
    path,
    "-map",
    "0:v",
    "-map",
    "0:a?",
    ...PASS,
    "-enc_time_base",
    "-1",
    "-f",
    "null",
    "-",
  ];
  const { exit, stderr } = await run({ cmd, cwd: "/", env: { PATH: process.env.PATH ?? "" } });
  // Matroska's milliseconds are longer than a frame of TrueHD: two may have one time.
  const about_film = stderr.split("\n").filter((line) => !/^\[null @ .*non monotonically/.test(line));
  return exit === 0 ? about_film.join("\n") : `exit ${exit}: ${stderr}`;
}

export async function versionOf(ffmpeg: string): Promise<string> {
  const { stdout } = await run({
    cmd: [ffmpeg, "-version"],
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
  });
  return /version (\S+)/.exec(stdout)?.[1] ?? "of unknown version";
}
