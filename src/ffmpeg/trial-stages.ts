import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BitDepth, Gpu, SourceCodec } from "../shared/gpu.ts";
import { COVERS_PREFIX } from "./covers.ts";
import { vulkanDevice } from "./encoders/vulkan.ts";
import { fileUrl } from "./guard.ts";
import { frameHashes, layOutClip, trialClip } from "./trial-clips.ts";
import type { EncodeQuestion } from "./trial-list.ts";
import {
  halved,
  judgePictures,
  type PictureKind,
  TRIAL_RATE,
  trialPictures,
  trialSize,
} from "./trial-pictures.ts";
import { no, type Outcome, PROVEN, runTrial } from "./trial-run.ts";

/** Where trials run: the ffmpeg, and a folder for their files. */
export type TrialBench = {
  ffmpeg_path: string;
  folder: string;
  /** Makes what several trials need, under one name, only once. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  remove(): Promise<void>;
};

export async function createBench(ffmpeg_path: string): Promise<TrialBench> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  const made = new Map<string, Promise<unknown>>();
  return {
    ffmpeg_path,
    folder,
    once<T>(name: string, make: () => Promise<T>) {
      const promise = (made.get(name) as Promise<T> | undefined) ?? make();
      made.set(name, promise);
      return promise;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const PREFIX = "vc-trial-";
/** The measuring of rates has such folders, too. */
const SWEPT = [PREFIX, "vc-rates-", COVERS_PREFIX, "vc-samples-"];
const OLD_MS = 24 * 60 * 60 * 1000;

/** A program that was killed in the middle of its trials has left its folder behind. */
async function sweep(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((one) => SWEPT.some((prefix) => one.startsWith(prefix)))) {
    const folder = join(tmpdir(), name);
    try {
      if ((await stat(folder)).mtimeMs < Date.now() - OLD_MS) await rm(folder, { recursive: true });
    } catch {
      // Another user's, or gone by now.
    }
  }
}

/** With how long one run of ffmpeg may take. */
export type Limited = TrialBench & { limit_ms: number };

/**
 * Whether the Gpu decodes a clip into the very pictures that the codec's standard prescribes. As the frames are kept
 * in the Gpu's memory, ffmpeg cannot fall back to the CPU in silence.
 */
export async function tryDecode(
  bench: Limited,
  of: { gpu: Gpu; codec: SourceCodec; bit_depth: BitDepth },
): Promise<Outcome> {
  const clip = trialClip(of.codec, of.bit_depth);
  if (clip === null) return no("vc carries no clip to try it with");
  const path = await bench.once(clip.file, () => layOutClip(clip, bench.folder));
  const { outcome, output } = await runTrial({
    ...bench,
    options: [
      ...[...vulkanDevice(of.gpu), "-hwaccel", "vulkan", "-hwaccel_device", "vk"],
      // With more threads NVIDIA's driver was seen to hang in H.264.
      ...["-hwaccel_output_format", "vulkan", "-threads", "1", "-i", fileUrl(path)],
      ...["-vf", `hwdownload,format=${uploadFormat(of.bit_depth)}`, ...RAW],
    ],
  });
  if (outcome.why !== null) return outcome;
  const hashes = frameHashes(output, clip);
  if (hashes.length !== clip.frames) return no(`${hashes.length} of ${clip.frames} pictures came out`);
  const wrong = hashes.findIndex((hash, n) => hash !== clip.hashes[n]);
  return wrong === -1 ? PROVEN : no(`picture ${wrong + 1} of ${clip.frames} is wrong`);
}

/** Whether pictures that go up to the Gpu come down from it at half their size. */
export async function tryScale(bench: Limited, of: { gpu: Gpu; bit_depth: BitDepth }): Promise<Outcome> {
  const source = await layOutPictures(bench, { ...trialSize(), bit_depth: of.bit_depth });
  const { width, height, bit_depth } = source.kind;
  const small = { width: width / 2, height: height / 2, bit_depth };
  const filters = [
    ...[`format=${uploadFormat(bit_depth)}`, "hwupload", `scale_vulkan=w=${small.width}:h=${small.height}`],
    ...["hwdownload", `format=${uploadFormat(bit_depth)}`, `format=${planarFormat(bit_depth)}`],
  ];
  const open = [...vulkanDevice(of.gpu), "-filter_hw_device", "vk"];
  const { outcome, output } = await runTrial({
    ...bench,
    options: [...open, ...source.input, "-vf", filters.join(","), ...RAW],
  });
  if (outcome.why !== null) return outcome;
  const expected = halved(source.pictures, source.kind);
  return judged(judgePictures({ expected, got: output, kind: small, tolerance: SCALE_TOLERANCE }));
}

/** Whether the film that comes out of the encoder is decoded, by the CPU, into the pictures that went in. */
export async function tryEncode(bench: Limited, of: EncodeQuestion): Promise<Outcome> {
  const { format, open, encoder, bit_depth } = of;
  const { kind, pictures, input } = await layOutPictures(bench, { ...trialSize(format.align), bit_depth });
  const film = fileUrl(join(bench.folder, `${crypto.randomUUID()}.mkv`));
  const settings = { preset: "ultrafast", bit_depth, limits: of.limits, frame_rate: TRIAL_RATE } as const;
  const options = encoder.options({ rate: { kind: "quality", quality: 20 }, ...settings });
  const made = await runTrial({
    ...bench,
    options: [
      ...[...open.input, ...input, "-vf", [`format=${format.input}`, ...open.upload].join(",")],
      ...["-c:v", encoder.encoder, ...options, ...open.output],
      ...["-fps_mode", "passthrough", "-f", "matroska", film],
    ],
  });
  if (made.outcome.why !== null) return made.outcome;
  const output = ["-pix_fmt", planarFormat(bit_depth), ...RAW];
  const seen = await runTrial({ ...bench, options: ["-i", film, "-map", "0:v:0", ...output] });
  const unseen = seen.outcome.why;
  if (unseen !== null) return { ...seen.outcome, why: `its film cannot be decoded: ${unseen}`, hung: false };
  return judged(judgePictures({ expected: pictures, got: seen.output, kind, tolerance: ENCODE_TOLERANCE }));
}

/** Whether a tone is encoded into something. */
export async function tryAudio(bench: Limited, encoder: string): Promise<Outcome> {
  const tone = ["-f", "lavfi", "-i", "sine=d=0.2", "-c:a", encoder];
  const { outcome, output } = await runTrial({ ...bench, options: [...tone, "-f", "nut", "pipe:1"] });
  if (outcome.why !== null) return outcome;
  return output.length > MUXER_ONLY_BYTES ? PROVEN : no("nothing came out");
}

export const RAW = ["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"];
/** A NUT file (which needs no seeking) without any packet has some 300 bytes. */
const MUXER_ONLY_BYTES = 600;
/**
 * Mean differences in steps of 8 bits. Measured: scaling 0.4 (Mesa's llvmpipe), encoding at most 1.0 (x265). Two pixels
 * to the side are 5 away, a picture too late 21, exchanged or missing colours 12, a black picture 79, a green one 117.
 */
const SCALE_TOLERANCE = 2;
const ENCODE_TOLERANCE = 4;

type Source = { kind: PictureKind; pictures: Uint8Array; input: string[] };

/** The trial's pictures as a file of raw video, with the options that open it. */
export function layOutPictures(bench: TrialBench, kind: PictureKind): Promise<Source> {
  const { width, height, bit_depth } = kind;
  const name = `${width}x${height}-${bit_depth}.yuv`;
  return bench.once(name, async () => {
    const pictures = trialPictures(kind);
    const path = join(bench.folder, name);
    await writeFile(path, pictures);
    const form = ["-pixel_format", planarFormat(bit_depth), "-video_size", `${width}x${height}`];
    const rate = ["-framerate", `${TRIAL_RATE.num}/${TRIAL_RATE.den}`];
    return { kind, pictures, input: ["-f", "rawvideo", ...form, ...rate, "-i", fileUrl(path)] };
  });
}

function planarFormat(bit_depth: BitDepth): string {
  return bit_depth === 8 ? "yuv420p" : "yuv420p10le";
}

function uploadFormat(bit_depth: BitDepth): string {
  return bit_depth === 8 ? "nv12" : "p010le";
}

function judged(why: string | null): Outcome {
  return why === null ? PROVEN : no(why);
}
