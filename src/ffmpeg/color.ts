import type { VideoStream } from "../shared/media.ts";

/** Options that keep a film's colour tags. Names that ffmpeg's options do not take are left out. */
export function colorTags({ primaries, transfer, matrix, range }: VideoStream["color"]): string[] {
  return [
    ...tag("-color_primaries", PRIMARIES, primaries),
    ...tag("-color_trc", TRANSFERS, RENAMED[transfer ?? ""] ?? transfer),
    ...tag("-colorspace", MATRICES, matrix),
    ...tag("-color_range", ["tv", "pc"], range),
  ];
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

function tag(option: string, known: string[], name: string | null): string[] {
  return name !== null && known.includes(name) ? [option, name] : [];
}
