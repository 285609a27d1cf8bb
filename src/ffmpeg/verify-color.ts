import type { Chromaticity, MasteringDisplay, StaticHdr, VideoStream } from "../shared/media.ts";
import { isHdr } from "./color.ts";
import type { VideoPlan } from "./plan-video.ts";

/** What of a result's header would show its colours otherwise than planned, in words that follow "it"; null if nothing. */
export function wrongColor(plan: VideoPlan, made: VideoStream): string | null {
  return wrongTags(plan, made) ?? wrongMetadata(plan, made.hdr);
}

/** What became of metadata of which the plan could promise nothing. */
export function colorNotes(film: VideoStream, plan: VideoPlan, made: VideoStream): string[] {
  if (film.hdr === null || !isHdr(plan.color.transfer)) return [];
  const told = (kept: boolean, what: string) => `The film's ${what} were ${kept ? "kept" : "left out"}.`;
  const has_light = (made.hdr?.mastering ?? made.hdr?.light ?? null) !== null;
  return [
    ...(film.hdr.hdr10_plus ? [told(made.hdr?.hdr10_plus === true, "HDR10+ metadata")] : []),
    ...(plan.hdr === null && (film.hdr.mastering ?? film.hdr.light) !== null
      ? [told(has_light, "HDR metadata (mastering display, light levels)")]
      : []),
  ];
}

function wrongTags(plan: VideoPlan, { color, chroma_location }: VideoStream): string | null {
  for (const tag of ["primaries", "transfer", "matrix"] as const) {
    const [planned, found] = [plan.color[tag], color[tag]];
    // ProRes has no words for some; its container has.
    if (planned !== null && found !== planned && !(plan.codec === "prores" && found === null)) {
      return `says of its colours (${tag}) ${found ?? "nothing"}, not ${planned}`;
    }
  }
  if (isHdr(color.transfer) && !isHdr(plan.color.transfer)) return `calls itself HDR (${color.transfer})`;
  // Without a word the range is the limited one.
  if ((plan.color.range === "pc") !== (color.range === "pc")) {
    return `says that its range is ${color.range ?? "limited"}, not ${plan.color.range}`;
  }
  const location = plan.chroma_location;
  return location === null || location === chroma_location
    ? null
    : `says that its samples of colour lie at ${chroma_location ?? "left"}, not ${location}`;
}

function wrongMetadata(plan: VideoPlan, hdr: VideoStream["hdr"]): string | null {
  if (hdr?.dolby_vision) return "calls itself Dolby Vision, which was left out";
  const told: StaticHdr = hdr ?? { mastering: null, light: null };
  const planned: StaticHdr = plan.hdr ?? { mastering: null, light: null };
  if (planned.mastering === null && planned.light === null) {
    // An encoder may be free to write what the pictures carry; it is a lie only about SDR.
    const untrue = (told.mastering ?? told.light) !== null && !isHdr(plan.color.transfer);
    return untrue ? "has the metadata of HDR, which it is not" : null;
  }
  if (!isSameDisplay(planned.mastering, told.mastering))
    return "has lost the metadata of HDR (mastering display)";
  const same =
    planned.light === null ||
    (planned.light.max_content === told.light?.max_content &&
      planned.light.max_average === told.light.max_average);
  return same ? null : "has lost the metadata of HDR (light levels)";
}

/** Codecs and containers round each in their own way: chromaticities to 1/50000 or 1/65536, luminance to 1/10000 or 1/256. */
function isSameDisplay(planned: MasteringDisplay | null, told: MasteringDisplay | null): boolean {
  if (planned === null) return true;
  if (told === null) return false;
  const close = (a: Chromaticity, b: Chromaticity) =>
    Math.abs(a.x - b.x) < 0.0005 && Math.abs(a.y - b.y) < 0.0005;
  return (
    close(planned.red, told.red) &&
    close(planned.green, told.green) &&
    close(planned.blue, told.blue) &&
    close(planned.white, told.white) &&
    Math.abs(planned.max_luminance - told.max_luminance) <= 0.01 * planned.max_luminance &&
    Math.abs(planned.min_luminance - told.min_luminance) <= 0.001
  );
}
