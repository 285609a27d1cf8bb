import type { MediaInfo } from "../shared/media.ts";

/**
 * A film as ffmpeg reads only some of its tracks (by their indices): from recordings and discs it counts from where the first of these
 * begins, not from where the file does (ffmpeg_demux.c, "correct_input_start_times"; Debian's 5.1 does so, too). Teletext
 * and subtitles often begin before the sound and the pictures.
 */
export function startAsRead(media: MediaInfo, indices: number[]): MediaInfo {
  if (!["mpegts", "mpeg"].includes(media.format) || media.joins !== undefined) return media;
  const tracks = [...media.video, ...media.audio];
  // What is read besides may be what begins first.
  if (indices.some((index) => tracks.every((track) => track.index !== index))) return media;
  const read = tracks.filter(({ index }) => indices.includes(index));
  const starts_s = read.map(({ start_s }) => start_s).filter((start_s) => start_s >= media.start_s);
  return starts_s.length < read.length ? media : { ...media, start_s: Math.min(...starts_s) };
}
