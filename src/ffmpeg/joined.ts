/**
 * A file that was glued from films with a clock each, as ffmpeg is to read it: as those films one after the other, by its
 * concat demuxer, from a list that is part of the source's name. `tracks` are the ids of the first part's tracks, in
 * their order: others begin with another track. Durations are seconds; null for the only part.
 */
export type Joined = {
  path: string;
  /** The file as ffmpeg names it (sourceUrl). */
  url: string;
  /** ffmpeg's name of the parts' format. */
  format: string;
  tracks: string[];
  parts: { from: number; to: number; duration_s: number | null }[];
};

/** A name for such a source, which takes a path's place. */
export function joinedSource(joined: Joined): string {
  const { tracks, parts, path, url, format } = joined;
  const lines = [
    "ffconcat version 1.0",
    `${NOTE}${JSON.stringify({ path, format })}`,
    ...tracks.flatMap((id) => ["stream", `exact_stream_id ${id}`]),
    ...parts.flatMap(({ duration_s, ...part }) => [
      `file ${quoted(partUrl(url, part))}`,
      ...(duration_s === null ? [] : [`duration ${duration_s.toFixed(6)}`]),
    ]),
  ];
  return SHAPE + Buffer.from(`${lines.join("\n")}\n`).toString("base64");
}

/** Some bytes of a file, as a source of their own. */
export function partUrl(url: string, { from, to }: { from: number; to: number }): string {
  return `subfile,,start,${from},end,${to},,:${url}`;
}

/** The file behind such a name, and the format of its parts; null for any other source. No path begins as such names do. */
export function joinedFile(source: string): Pick<Joined, "path" | "format"> | null {
  if (!source.startsWith(SHAPE)) return null;
  const text = Buffer.from(source.slice(SHAPE.length), "base64").toString();
  const note = text.split("\n").find((line) => line.startsWith(NOTE));
  return JSON.parse(note?.slice(NOTE.length) ?? "null");
}

/** A list has a line for each file: a name with a line's end in it cannot stand there. */
export function canJoin(path: string): boolean {
  return !/[\r\n]/.test(path);
}

const SHAPE = "data:application/x-vc-parts;base64,";
const NOTE = "# ";

/** As ffmpeg's lists want it (ffmpeg-utils, "Quoting and escaping"). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
