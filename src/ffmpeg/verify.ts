import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { Damage } from "./log.ts";
import { differs, isFrozen, MOST, MOST_MAPPED, MOST_MAPPED_BY_GPU } from "./picture-difference.ts";
import type { PictureSample } from "./pictures.ts";
import type { Plan } from "./plan.ts";
import { picturesPer } from "./plan-scan.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { judgeDamage } from "./source-damage.ts";
import { describeLoss, lackOf, lossOf } from "./source-loss.ts";
import type { BrokenPictures } from "./source-pictures.ts";
import type { SoundFound } from "./source-sound.ts";
import { EMPTY_TIMELINE, type Timeline } from "./timeline.ts";
import { wrongAudio } from "./verify-audio.ts";
import { colorNotes, wrongColor } from "./verify-color.ts";
import { asPlanned, isSame, wrongShape } from "./verify-picture.ts";
import { wrongRest } from "./verify-rest.ts";

/** All that is known of a finished result; `decoded` only with `verify: full`. */
export type Evidence = {
  plan: Plan;
  source: MediaInfo;
  /** Of the result. */
  media: MediaInfo;
  timelines: Map<number, Timeline>;
  /** The film's packets in the source, where its header leaves open how many there are. */
  packets: Timeline | null;
  /** The first time at which the result shows a frame that the source does not show then; null for none. */
  misplaced_s: number | null;
  sound: SoundFound;
  damage: Damage;
  /** How much of the file is not there, by what its container says of its length. */
  missing_bytes: number;
  /** The end of the source's last packet of any stream, in its own time, where its packets were looked at. */
  source_end_s: number | null;
  /** Of the source, where ffmpeg complained about it. */
  broken: BrokenPictures | null;
  pictures: PictureSample[];
  decoded: { failed: boolean; said: string } | null;
};

/**
 * Whether a result is what was planned, and all of the source. A source that could not be read whole is refused for
 * good (source_damaged); a result that is wrong by itself may be tried again (verification_failed).
 */
export function judge(evidence: Evidence): { notes: string[] } | { refusal: Refusal } {
  const stored = evidence.source.video.find(({ index }) => index === evidence.plan.video.index);
  const film = stored && asPlanned(stored, evidence.plan.video);
  const made = evidence.media.video[0];
  const timeline = made === undefined ? undefined : evidence.timelines.get(made.index);
  if (film === undefined || made === undefined || timeline === undefined || timeline.packets === 0) {
    return bad("it holds no film");
  }
  const wrong = wrongStreams(evidence, made);
  if (wrong !== null) return bad(wrong);
  const longest_s = evidence.source_end_s ?? longest(evidence.timelines);
  const exact = evidence.missing_bytes > 0 && evidence.source_end_s !== null;
  const loss = lossOf({ film, source: evidence.source, timeline, longest_s, exact });
  const damaged = loss !== null && (loss.certain || evidence.damage.lines > 0);
  if (damaged) return refusal("permanent", "source_damaged", describeLoss(loss));
  const packets = packetsAsPlanned(evidence);
  const undecoded = evidence.damage.undecoded[film.index] ?? 0;
  const damage = judgeDamage({
    ...{ ...evidence, film, timeline },
    ...{ found: evidence.sound, sound: soundTimelines(evidence) },
  });
  if ("refusal" in damage) return damage;
  const lack = packets && lackOf({ film, source: evidence.source, packets, timeline, undecoded });
  if (lack !== null) return bad(`it ${lack}`);
  if (evidence.misplaced_s !== null) {
    return bad(
      `at ${evidence.misplaced_s.toFixed(3)} s it shows a frame that the source shows at another time`,
    );
  }
  const [lost] = evidence.sound.lost;
  if (lost !== undefined) return tellLost(lost);
  const picture = wrongPicture(evidence.pictures, evidence.plan.video);
  if (picture !== null) return bad(picture);
  if (evidence.decoded?.failed) return bad(`decoding it failed: ${evidence.decoded.said}`);
  return {
    notes: [
      ...[...damage.notes, ...soundNotes(evidence), ...endNotes(evidence), ...gapNotes(timeline, film)],
      ...colorNotes(film, evidence.plan.video, made),
    ],
  };
}

/** Of an interlaced film two pictures may come out of one packet. */
function packetsAsPlanned({ packets, plan }: Evidence): Timeline | null {
  return packets && { ...packets, packets: packets.packets * picturesPer(plan.video.fields) };
}

/** The timelines of the result's audio tracks, by their index in the source. */
export function soundTimelines(of: {
  plan: Plan;
  media: MediaInfo;
  timelines: Map<number, Timeline>;
}): Map<number, Timeline> {
  return new Map(
    of.plan.audio.flatMap(({ index }, n) => {
      const track = of.media.audio[n];
      return track === undefined ? [] : [[index, of.timelines.get(track.index) ?? EMPTY_TIMELINE] as const];
    }),
  );
}

function bad(what: string): { refusal: Refusal } {
  return refusal("retry", "verification_failed", `The result is not good: ${what}.`);
}

function wrongStreams({ plan, media: result, timelines }: Evidence, made: VideoStream): string | null {
  const { video } = plan;
  if (made.codec !== video.codec) return `its video is ${made.codec}, not ${video.codec}`;
  if (made.width !== video.width || made.height !== video.height) {
    return `its picture is ${made.width}x${made.height}, not ${video.width}x${video.height}`;
  }
  const shape = wrongShape(video, made);
  if (shape !== null) return shape;
  const color = wrongColor(video, made);
  if (color !== null) return `it ${color}`;
  // Of a film of one picture, ffprobe may not get to see it; it is compared all the same.
  const untold = made.pixel_format === "unknown" && timelines.get(made.index)?.packets === 1;
  if (made.pixel_format !== video.pixel_format && !untold)
    return `its pixel format is ${made.pixel_format}, not ${video.pixel_format}`;
  const films = result.video.filter((stream) => !stream.attached_picture).length;
  if (films !== 1) return `it has ${films} video tracks`;
  const covers = result.video.filter((stream) => stream.attached_picture);
  if (!isSame(covers, plan.covers)) return "its cover pictures are not the source's";
  return (
    unlike(
      "audio",
      plan.audio.map(({ codec }) => codec),
      result.audio.map(({ codec }) => codec),
    ) ??
    unlike(
      "subtitle",
      plan.subtitles.map(({ codec }) => codec),
      result.subtitles.map(({ codec }) => codec),
    ) ??
    wrongAudio(plan, result.audio) ??
    wrongRest(plan, result)
  );
}

function unlike(kind: string, planned: string[], found: string[]): string | null {
  if (planned.length === found.length && planned.every((codec, n) => codec === found[n])) return null;
  const list = (codecs: string[]) => (codecs.length === 0 ? "none" : codecs.join(", "));
  return `its ${kind} tracks are ${list(found)}, not ${list(planned)}`;
}

function longest(timelines: Map<number, Timeline>): number {
  return Math.max(0, ...[...timelines.values()].map(({ end_s }) => end_s ?? 0));
}

/** Lossless results were 0 away in everything tried; a wrong matrix or range is 2 and more. */
const ROUNDING = 0.5;

function mostOf({ tone_map, filter }: Plan["video"]): number {
  if (tone_map === null) return MOST;
  return filter === "vulkan" ? MOST_MAPPED_BY_GPU : MOST_MAPPED;
}

function wrongPicture(samples: PictureSample[], plan: Plan["video"]): string | null {
  const absent = samples.find(({ missing }) => missing === "result");
  if (absent !== undefined) return `it shows no picture at ${absent.at_s.toFixed(1)} s`;
  const wrong = samples.filter(
    ({ difference }) =>
      difference !== null && (plan.exact ? difference.mean > ROUNDING : differs(difference, mostOf(plan))),
  );
  if (isFrozen(samples.flatMap(({ change }) => (change === null ? [] : [change]))))
    return "its picture stands still";
  if (wrong.length === 0) return null;
  const places = wrong.map(({ at_s }) => `${at_s.toFixed(1)} s`).join(", ");
  return `its picture is not the source's at ${places}`;
}

/** Where the source does not say when its sound is heard, another try would end the same. */
function tellLost({ index, end_s, expected_s, still }: SoundFound["lost"][number]): { refusal: Refusal } {
  const what = `audio track ${index} ends at ${end_s.toFixed(1)} s, in the source at ${expected_s.toFixed(1)} s`;
  if (still !== true) return bad(what);
  const message = `The sound of the film cannot be placed, as its clock stands still: ${what}.`;
  return refusal("permanent", "source_damaged", message);
}

function soundNotes({ sound }: Evidence): string[] {
  return sound.short.map(
    ({ index, end_s, expected_s }) =>
      `Audio track ${index} of the source ends at ${end_s.toFixed(1)} s, not at ${expected_s.toFixed(1)} s.`,
  );
}

/** The end of a file holds no film: lists of places and titles. */
function endNotes({ missing_bytes }: Evidence): string[] {
  if (missing_bytes === 0) return [];
  return [`The file ends ${missing_bytes} bytes before it says; nothing of the film is missing.`];
}

/** Holes that the source itself declares, in films of variable rate: nothing was lost, but people should know. */
function gapNotes({ largest_gap_s, largest_gap_at_s }: Timeline, film: VideoStream): string[] {
  const usual_s = film.frame_rate === null ? 1 : 1 / film.frame_rate;
  if (largest_gap_s < (film.constant_rate ? 2.5 * usual_s : Math.max(1, 10 * usual_s))) return [];
  return [
    `For ${largest_gap_s.toFixed(1)} s from ${(largest_gap_at_s ?? 0).toFixed(1)} s on the source has no frame.`,
  ];
}
