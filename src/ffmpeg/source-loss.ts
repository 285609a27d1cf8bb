import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { Timeline } from "./timeline.ts";

/** How much of what a source claims was not there. `certain`: no further sign of damage is needed to believe it. */
export type Loss = {
  kind: "cut" | "holes";
  certain: boolean;
  claimed_s: number;
  read_s: number;
  frames: number;
};

/**
 * Compares what came out (frames keep their own times, so holes stay holes) with what the source's header claims.
 * `longest_s` is the end of the longest stream of the result, or of the source where `exact`: its packets were looked
 * at, because something is missing in the file. Null if nothing, or no more than one frame, is missing.
 */
export function lossOf(of: {
  film: VideoStream;
  source: MediaInfo;
  timeline: Timeline;
  longest_s: number;
  exact: boolean;
}): Loss | null {
  return cutOff(of) ?? holes(of);
}

/** One sentence for people. */
export function describeLoss({ kind, claimed_s, read_s, frames }: Loss): string {
  if (kind === "cut") {
    return `The file says ${claimed_s.toFixed(1)} s but only ${read_s.toFixed(1)} s could be read: it is damaged, or was cut off while copying.`;
  }
  return `${frames} frames are missing inside the film: the file has holes or damaged places.`;
}

/**
 * Whether the source's header leaves open how much there is to come out: only its packets tell then. Films of
 * variable rate, those written by who could not know how long they would be, and those that seem to have holes.
 */
export function isUnclaimed(of: Omit<Parameters<typeof lossOf>[0], "longest_s" | "exact">): boolean {
  const { film, source, timeline } = of;
  if (film.frames !== null && timeline.packets >= film.frames - 1) return false;
  if (!film.constant_rate || (counted(source, film) ?? film.duration_s) === null) return true;
  return holes(of)?.certain === false;
}

/** What the result lacks of the film's packets in the source, in words that follow "it"; null if nothing. */
export function lackOf(of: {
  film: VideoStream;
  source: MediaInfo;
  packets: Timeline;
  timeline: Timeline;
  /** Packets that no decoder took. */
  undecoded: number;
}): string | null {
  const { film, packets, timeline } = of;
  const frame_s = 1 / (film.frame_rate ?? 10);
  const first_s = (packets.first_s ?? 0) - of.source.start_s;
  const last_s = (packets.last_s ?? 0) - of.source.start_s;
  if (last_s - (timeline.last_s ?? 0) > 1.5 * frame_s) {
    return `shows its last frame at ${(timeline.last_s ?? 0).toFixed(1)} s, the source at ${last_s.toFixed(1)} s`;
  }
  // Fields may be packets of their own, VP8 has packets that show nothing, and a recording may begin without a keyframe.
  const comparable = !film.interlaced && film.codec !== "vp8" && (timeline.first_s ?? 0) - first_s < frame_s;
  const missing = packets.packets - timeline.packets;
  if (comparable && missing > Math.max(1, of.undecoded) + lostAtChanges(film))
    return `lacks ${missing} frames that the source has`;
  if (timeline.largest_gap_s - packets.largest_gap_s <= 1.5 * frame_s) return null;
  return `has no frame for ${timeline.largest_gap_s.toFixed(1)} s from ${(timeline.largest_gap_at_s ?? 0).toFixed(1)} s on, as the source has`;
}

/** Where pictures of MPEG-2 change their shape, ffmpeg's decoder begins anew, and loses the one that it still held. */
function lostAtChanges({ codec, shapes = [] }: VideoStream): number {
  return codec.startsWith("mpeg") ? Math.max(0, shapes.length - 1) : 0;
}

/** A stream's own claim counts to the frame; the container's is about its longest stream, which may have been dropped. */
function cutOff({ film, source, timeline, longest_s, exact }: Parameters<typeof lossOf>[0]): Loss | null {
  const frame_s = 1 / (film.frame_rate ?? 10);
  const end_s = Math.max(timeline.end_s ?? 0, (timeline.last_s ?? 0) + frame_s);
  const own_s = counted(source, film) ?? film.duration_s;
  const [claimed_s, read_s, slack_s] =
    own_s === null
      ? [
          source.duration_s,
          Math.max(longest_s, end_s),
          exact ? 0.5 * frame_s : Math.max(CONTAINER_SLACK_S, frame_s),
        ]
      : [own_s, end_s, film.constant_rate ? 0.5 * frame_s : Math.max(VARIABLE_SLACK_S, 2 * frame_s)];
  if (claimed_s === null || claimed_s - read_s <= frame_s + slack_s) return null;
  const frames = Math.round((claimed_s - read_s) / frame_s);
  return { kind: "cut", certain: true, claimed_s, read_s, frames };
}

/** An AVI's header counts frames; how long a cut one lasts ffprobe only guesses from its size. */
function counted({ format }: MediaInfo, film: VideoStream): number | null {
  if (format !== "avi" || film.frames === null || film.base_frame_rate === null) return null;
  return film.frames / film.base_frame_rate;
}

/** Subtitles and pictures that were not kept may end later than the film. */
const CONTAINER_SLACK_S = 2;
/** The last frame of a film of variable rate may stand for long. */
const VARIABLE_SLACK_S = 1;

/**
 * A constant rate leaves no room for holes, unless the header counts its frames and all of them came out (phones
 * skip some). In Matroska, AVI and others the header says a constant rate of variable films, too, so there a second
 * sign of damage is needed.
 */
function holes({
  film,
  source,
  timeline,
}: Omit<Parameters<typeof lossOf>[0], "longest_s" | "exact">): Loss | null {
  const { first_s, last_s, packets } = timeline;
  if (!film.constant_rate || film.base_frame_rate === null || first_s === null || last_s === null)
    return null;
  // Of frames that are counted, one may be missing inside or at the end, not one at each.
  const claimed_s = film.frames === null ? null : (counted(source, film) ?? film.duration_s);
  const end_s = Math.max(last_s, (claimed_s ?? 0) - 1 / film.base_frame_rate);
  const expected = Math.round((end_s - first_s) * film.base_frame_rate) + 1;
  const uncounted = film.frames === null ? Number.POSITIVE_INFINITY : film.frames - packets;
  const frames = Math.min(expected - packets, uncounted);
  if (frames <= 1 + lostAtChanges(film)) return null;
  // Where parts were glued, picture and sound of each end and begin at different times.
  const recorded = ["mpegts", "mpeg"].includes(source.format) && source.joins === undefined;
  const certain = recorded || (source.format.startsWith("mov") && film.frames !== null);
  return {
    kind: "holes",
    certain,
    claimed_s: last_s - first_s,
    read_s: packets / film.base_frame_rate,
    frames,
  };
}
