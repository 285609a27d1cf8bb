import type { Container } from "../shared/conversion.ts";
import type { MediaInfo } from "../shared/media.ts";

/** What the result says of the whole film. */
export type TagPlan = {
  /** What must be found in the result, by the lower-case names that ffmpeg has for it in that container. */
  kept: Record<string, string>;
  /** Of those, what the source has otherwise, or under another name. */
  fixed: Record<string, string>;
  /** Names of the source that would be untrue of the result. */
  cleared: string[];
  /** Apple's way of writing any name into an mp4; else only those that players of mp4 know are written. */
  any_name: boolean;
};

/** Titles, dates, place and the like: everything that the container can hold; the rest is named. */
export function planTags(
  { tags }: Pick<MediaInfo, "tags">,
  container: Container,
): { tags: TagPlan; notes: string[] } {
  const given = Object.entries(tags).filter(([, value]) => value.trim() !== "");
  const stale = given.filter(([name]) => STALE.test(name)).map(([name]) => name);
  const told = new Map(given.filter(([name]) => !STALE.test(name)).map(([k, v]) => [k.toLowerCase(), v]));
  const any_name = container === "mp4" && isPhone(told);
  const fixed = fixes(told, container);
  const all = new Map([...told, ...Object.entries(fixed)]);
  const kept = [...all].filter(([name]) => container === "mkv" || any_name || IN_MP4.includes(name));
  const moved = container === "mp4" && !any_name ? [...Object.keys(RENAMED), TIMECODE] : [];
  const lost = [...all.keys()].filter(
    (name) => !kept.some(([one]) => one === name) && ![...moved, ...UNMISSED].includes(name),
  );
  const which = lost.length > MOST_NAMED ? [...lost.slice(0, MOST_NAMED), "..."] : lost;
  return {
    tags: { kept: Object.fromEntries(kept), fixed, cleared: stale, any_name },
    notes: lost.length === 0 ? [] : [`mp4 has no place for what the film says as ${which.join(", ")}.`],
  };
}

const MOST_NAMED = 12;

/**
 * What a muxer or a tool said of its own file: its brands, its encoder, its sizes. Doubles of the place in a language of
 * its own are made by ffmpeg's mp4 demuxer.
 */
const STALE =
  /^(?:major_brand|minor_version|compatible_brands|encoder|encoding_tool|duration|location-[a-z]{3}|handler_name|vendor_id|_statistics_.*|bps.*|number_of_(?:frames|bytes).*|wm\/.*|deviceconformancetemplate|isvbr|metadatacreator|audiodelay|cansee[a-z]*to[a-z]*|has(?:key|video|audio|metadata)[a-z]*|(?:last)?keyframe.*|(?:audio|video)(?:codecid|datarate|size|samplerate|samplesize)|framerate|datasize|filesize)$/i;

/**
 * The time of creation has a field of its own; the others name the tool that wrote the source. They are kept where there
 * is room, but a note on nearly every AVI would hide those that matter.
 */
const UNMISSED = [
  ...["creation_time", "software", "isft", "tool", "creation_tool", "encoder_settings", "encoder_options"],
  ...["writing_application", "writing_library"],
];

/** Phones and cameras say place, time and make by names that only this form of mp4 has, and nothing by other names. */
function isPhone(told: Map<string, string>): boolean {
  const names = [...told.keys()];
  const others = names.filter((name) => IN_MP4.includes(name) && !BESIDE_PHONES.includes(name));
  return names.some((name) => name.startsWith("com.")) && others.length === 0;
}

const BESIDE_PHONES = ["creation_time", "location", "date"];

/** Apple's names, and those that other players know. */
const RENAMED: Record<string, string> = {
  "com.apple.quicktime.location.iso6709": "location",
  "com.apple.quicktime.creationdate": "date",
  "com.apple.quicktime.title": "title",
  "com.apple.quicktime.description": "description",
  "com.apple.quicktime.comment": "comment",
  "com.apple.quicktime.artist": "artist",
  "com.apple.quicktime.author": "artist",
  "com.apple.quicktime.copyright": "copyright",
  "com.apple.quicktime.genre": "genre",
  "com.apple.quicktime.keywords": "keywords",
};

/** mp4 has a track for it, which the muxer writes. */
const TIMECODE = "timecode";

/** What ffmpeg's mp4 muxer writes, seen in the results of 5.1 and 9. */
const IN_MP4 = [
  ...["title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright"],
  ...["grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords"],
  ...["episode_sort", "season_number", "media_type", "hd_video", "gapless_playback", "compilation"],
  ...["track", "disc", "location", "creation_time"],
];

/** ffmpeg 9 finds the time of creation twice where Apple's form holds it as well, and then writes none. */
function fixes(told: Map<string, string>, container: Container): Record<string, string> {
  const fixed: Record<string, string> = {};
  const created = (told.get("creation_time") ?? "").split(";")[0] ?? "";
  if (told.get("creation_time") !== undefined && created !== told.get("creation_time")) {
    fixed.creation_time = created;
  }
  for (const [apple, name] of container === "mp4" ? Object.entries(RENAMED) : []) {
    const value = told.get(apple);
    if (value !== undefined && !told.has(name) && !(name in fixed)) fixed[name] = value;
  }
  return fixed;
}
