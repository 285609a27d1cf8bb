import type { VideoStream } from "../shared/media.ts";

type Color = VideoStream["color"];

/** Options that keep a film's colour tags. Names that ffmpeg's options do not take are left out. */
export function colorTags(color: Color): string[] {
  return [
    ...given("-color_primaries", PRIMARIES, color.primaries),
    ...given("-color_trc", TRANSFERS, RENAMED[color.transfer ?? ""] ?? color.transfer),
    ...given("-colorspace", MATRICES, color.matrix),
    ...given("-color_range", RANGES, color.range),
  ].flat();
}

/** The options of the filter setparams that say of pictures, without touching them, what colorTags says. */
export function colorParams(color: Color): string {
  return [
    ...given("color_primaries", PRIMARIES, color.primaries),
    ...given("color_trc", [...TRANSFERS, ...Object.keys(RENAMED)], color.transfer),
    ...given("colorspace", MATRICES, color.matrix),
    ...given("range", RANGES, color.range),
  ]
    .map(([name, value]) => `${name}=${value}`)
    .join(":");
}

/** ffprobe and ffmpeg's option call two curves by different names. */
const RENAMED: Record<string, string> = { bt470m: "gamma22", bt470bg: "gamma28" };

/** libavcodec/options_table.h, as of 5.1. */
const PRIMARIES = [
  ...[
    "bt709",
    "bt470m",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "film",
    "bt2020",
    "smpte428",
    "smpte431",
    "smpte432",
  ],
];
const TRANSFERS = [
  ...["bt709", "gamma22", "gamma28", "smpte170m", "smpte240m", "linear", "iec61966-2-1", "iec61966-2-4"],
  ...["bt1361e", "bt2020-10", "bt2020-12", "smpte2084", "smpte428", "arib-std-b67"],
];
const MATRICES = ["bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "bt2020c"];

const RANGES = ["tv", "pc"];

function given(option: string, known: string[], name: string | null): [string, string][] {
  return name !== null && known.includes(name) ? [[option, name]] : [];
}
