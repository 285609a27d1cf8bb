import type { MediaInfo } from "../shared/media.ts";

/** What people should know of a film that was glued from parts. */
export function joinNotes({ joins }: MediaInfo): string[] {
  if (joins === undefined) return [];
  const { at_s, unread } = joins;
  const places = at_s.slice(0, MOST_PLACES).map((one) => `${one.toFixed(1)} s`);
  const more = at_s.length > places.length ? ` and ${at_s.length - places.length} more places` : "";
  const tracks =
    unread === 1
      ? "A track that only a later part has is"
      : `${unread} tracks that only later parts have are`;
  return [
    `The file was glued from parts, whose clocks start anew at ${places.join(", ")}${more}; the result shows them one after the other.`,
    ...(unread === 0 ? [] : [`${tracks} left out.`]),
  ];
}

const MOST_PLACES = 10;
