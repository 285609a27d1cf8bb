import type { MediaInfo } from "../shared/media.ts";

/**
 * A film as ffmpeg reads only some of its tracks (by their indices): from recordings and discs it counts from where the first of these
 * begins, not from where the file does (ffmpeg_demux.c, "correct_input_start_times"; Debian's 5.1 does so, too). Teletext
 * and subtitles often begin before the sound and the pictures.
 */
export function startAsRead(media: MediaInfo, indices: number[]): MediaInfo {
  if (!["mpegts", "mpeg"].includes(media.format) || media.joins !== undefined) return media;
  const tracks = [...media.video, ...media.audio];
  const texts = media.subtitles.flatMap(({ index, start_s }) =>
    start_s === undefined ? [] : [{ index, start_s }],
  );
  // What is read besides may be what begins first.
  if (indices.some((index) => [...tracks, ...texts].every((track) => track.index !== index))) return media;
  const isRead = ({ index }: { index: number }) => indices.includes(index);
  const read = tracks.filter(isRead);
  const starts_s = read.map(({ start_s }) => start_s).filter((start_s) => start_s >= media.start_s);
  if (starts_s.length < read.length) return media;
  const first_s = Math.min(...starts_s, ...texts.filter(isRead).map(({ start_s }) => start_s));
  // What counts as the file's beginning leaves out subtitles that begin more than a second before (update_stream_timings).
  return { ...media, start_s: Math.max(media.start_s, first_s) };
}
