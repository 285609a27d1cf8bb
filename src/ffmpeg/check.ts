import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import type { MediaInfo } from "../shared/media.ts";
import { byOwnClock, cropping, fitting, leading, turning, uprighting } from "./args-picture.ts";
import { asScaled } from "./color.ts";
import { refuseCrowded } from "./crowded.ts";
import { decodeWhole } from "./decode-whole.ts";
import { misplacedFrame } from "./frame-times.ts";
import type { FfmpegLog } from "./log.ts";
import { showsCaptions } from "./look-captions.ts";
import { lookAtColor, mayBeHdr } from "./look-hdr.ts";
import { type Measured, measure } from "./measure.ts";
import { type PictureSample, samplePictures } from "./pictures.ts";
import type { Plan } from "./plan.ts";
import { isGrayLimited } from "./plan-color.ts";
import { picturesPer } from "./plan-scan.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { missingBytes } from "./segment.ts";
import { isUnclaimed } from "./source-loss.ts";
import { type BrokenPictures, findBrokenPictures } from "./source-pictures.ts";
import { findShortSound, lookIntoSource, type SoundFound } from "./source-sound.ts";
import { startAsRead } from "./start-as-read.ts";
import type { Timeline } from "./timeline.ts";
import { toneMapOnCpu } from "./tone-map.ts";
import { judge, soundTimelines } from "./verify.ts";
import { asPlanned } from "./verify-picture.ts";
import { judgeRest } from "./verify-rest.ts";

/** Gathers the evidence on a finished result and judges it: notes, or the reason why it is refused. */
export async function check(given: {
  ffmpeg: FfmpegInfo;
  plan: Plan;
  source: { path: string; media: MediaInfo };
  target: string;
  damage: FfmpegLog["damage"];
  verify: Conversion["verify"];
  signal: AbortSignal;
}): Promise<{ notes: string[] } | { refusal: Refusal }> {
  const { ffmpeg, plan, target, signal } = given;
  const indices = [plan.video, ...plan.audio, ...plan.subtitles].map(({ index }) => index);
  const source = { ...given.source, media: startAsRead(given.source.media, indices) };
  const of = { ...given, source };
  const measured = await measureResult(of);
  if ("refusal" in measured) {
    return refusal("retry", "verification_failed", `The result cannot be read: ${measured.refusal.message}`);
  }
  const measureSource = once(() => measure({ ffprobe_path: ffmpeg.ffprobe_path, path: source.path, signal }));
  const crowded = await refuseCrowded({
    result: { ...measured, index: measured.media.video[0]?.index ?? -1 },
    readSource: async () => {
      const read = await measureSource();
      return "refusal" in read ? null : { ...read, index: plan.video.index };
    },
  });
  if (crowded !== null) return crowded;
  const pictures = await takePictures({ ...of, result: measured });
  const decoded =
    of.verify === "quick"
      ? null
      : await decodeWhole({ ffmpeg_path: ffmpeg.path, plan, path: target, signal });
  const packets = await readPackets({ ...of, result: measured, measureSource });
  const misplaced_s =
    packets === null ? null : await findMisplaced({ ...of, result: measured, measureSource });
  const missing_bytes = await missingBytes(source.path);
  const sound = await checkSound({ ...of, result: measured, missing_bytes, measureSource });
  const source_end_s = missing_bytes > 0 ? endOf(await measureSource()) : null;
  const broken = await countBroken(of);
  const judged = judge({
    plan,
    source: source.media,
    ...measured,
    packets,
    misplaced_s,
    sound,
    damage: of.damage,
    missing_bytes,
    source_end_s,
    broken,
    pictures,
    decoded,
  });
  if ("refusal" in judged) return judged;
  const read = of.verify !== "quick" || isTimed(source.media);
  const texts = read && plan.subtitles.length > 0 ? await measureSource() : null;
  const source_timelines = texts === null || "refusal" in texts ? null : texts.timelines;
  const { captions } = source.media.video.find(({ index }) => index === plan.video.index) ?? {};
  const captions_lost =
    captions === true &&
    !(await showsCaptions({ ...of, duration_s: measured.media.duration_s, path: target }));
  const rest = judgeRest({ plan, ...measured, captions_lost, source_timelines, damage: of.damage });
  return "refusal" in rest ? rest : { notes: [...judged.notes, ...rest.notes] };
}

/** Decodes the source once more if ffmpeg complained about it. */
function countBroken(of: Parameters<typeof check>[0]): Promise<BrokenPictures | null> | null {
  if (of.damage.lines === 0) return null;
  const { path } = of.source;
  const { ffprobe_path } = of.ffmpeg;
  return findBrokenPictures({ ffprobe_path, path, stream: of.plan.video.index, signal: of.signal });
}

/** Of pictures that HDR's metadata must not reach, those are asked, too. */
async function measureResult(of: Parameters<typeof check>[0]): ReturnType<typeof measure> {
  const { ffprobe_path } = of.ffmpeg;
  const measured = await measure({ ffprobe_path, path: of.target, signal: of.signal });
  const [film, ...others] = "refusal" in measured ? [] : measured.media.video;
  if ("refusal" in measured || film === undefined) return measured;
  if (!of.plan.video.sheds || mayBeHdr(film)) return measured;
  const seen = await lookAtColor({ ffprobe_path, path: of.target, film, signal: of.signal });
  return { ...measured, media: { ...measured.media, video: [seen, ...others] } };
}

type MeasureSource = () => ReturnType<typeof measure>;

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The film's packets in the source, read only where nothing else tells how much there is. */
async function readPackets(
  of: Parameters<typeof check>[0] & { result: Measured; measureSource: MeasureSource },
): Promise<Timeline | null> {
  const { media } = of.source;
  const { index } = of.plan.video;
  const stored = media.video.find((stream) => stream.index === index);
  const film = stored && asPlanned(stored, of.plan.video);
  const timeline = of.result.timelines.get(of.result.media.video[0]?.index ?? -1);
  if (film === undefined || timeline === undefined) return null;
  const read = of.verify !== "quick" || !film.constant_rate;
  if (!read && !isUnclaimed({ film, source: media, timeline })) return null;
  const source = await of.measureSource();
  return "refusal" in source ? null : (source.timelines.get(index) ?? null);
}

/** When the result shows a frame that the source does not show then; where the source's packets were read and all have times. */
async function findMisplaced(
  of: Parameters<typeof check>[0] & { result: Measured; measureSource: MeasureSource },
): Promise<number | null> {
  const { media } = of.source;
  const { index, fields } = of.plan.video;
  if (!isTimed(media)) return null;
  const source = await of.measureSource();
  const times = "refusal" in source ? undefined : source.times.get(index);
  const result = of.result.times.get(of.result.media.video[0]?.index ?? -1);
  if (times === undefined || result === undefined) return null;
  // Of what stands before zero in Matroska's files, ffmpeg tells no times.
  if (media.start_s < 0 && times.length < result.length) return null;
  return misplacedFrame({ source: times, result, start_s: media.start_s, per: picturesPer(fields) });
}

/** Containers in which every packet has a time of its own. */
const TIMED = ["mov", "matroska"];

function isTimed({ format }: MediaInfo): boolean {
  return TIMED.some((name) => format.startsWith(name));
}

/** Reads the source's packets only where something seems to be missing: it may lie on a slow network. */
async function checkSound(
  of: Parameters<typeof check>[0] & { result: Measured; missing_bytes: number; measureSource: MeasureSource },
): Promise<SoundFound> {
  const { media, timelines } = of.result;
  const sound = soundTimelines({ plan: of.plan, ...of.result });
  const film_end_s = timelines.get(media.video[0]?.index ?? -1)?.end_s ?? 0;
  const short = findShortSound({ source: of.source.media, sound, film_end_s });
  const whole = short.length === 0 && of.damage.lines === 0 && of.missing_bytes === 0;
  const source = whole || sound.size === 0 ? null : await of.measureSource();
  if (source === null || "refusal" in source) return { short, lost: [], bare: [] };
  return lookIntoSource({ short, sound, source: source.media, source_timelines: source.timelines });
}

function endOf(source: Awaited<ReturnType<MeasureSource>>): number | null {
  if ("refusal" in source) return null;
  return Math.max(0, ...[...source.timelines.values()].map(({ end_s }) => end_s ?? 0));
}

function takePictures(
  of: Omit<Parameters<typeof check>[0], "damage" | "verify"> & { result: Measured },
): Promise<PictureSample[]> | PictureSample[] {
  const { media, timelines } = of.result;
  const made = media.video[0];
  const first_s = made === undefined ? null : (timelines.get(made.index)?.first_s ?? null);
  if (made === undefined || first_s === null) return [];
  const { index } = of.plan.video;
  const input = turning(of.plan.video);
  const fit = fitting(byOwnClock(of.plan.video), "flags=bicubic");
  const { tone_map } = of.plan.video;
  const film = of.source.media.video.find((one) => one.index === index);
  // There, times are the file's own.
  const lead = film?.lead ?? null;
  const filters = [
    ...leading(lead),
    ...(film === undefined ? [] : asScaled(film)),
    ...uprighting(of.plan.video),
    ...cropping(of.plan.video),
    ...fit,
  ];
  const source = {
    ...{ path: of.source.path, stream: index, input, filters, start_s: of.source.media.start_s },
    ...(of.plan.video.gray_limited === true ? { gray_limited: true } : {}),
    ...(tone_map === null ? {} : { tone_map: toneMapOnCpu(tone_map, "yuv444p") }),
  };
  return samplePictures({
    ...{ ffmpeg_path: of.ffmpeg.path, source, signal: of.signal },
    result: {
      ...{ path: of.target, stream: made.index, filters: asScaled(made), start_s: media.start_s, first_s },
      gray_limited: isGrayLimited(made),
    },
    duration_s: made.duration_s ?? media.duration_s ?? 0,
    frame_s: 1 / (made.frame_rate ?? 25),
  });
}
