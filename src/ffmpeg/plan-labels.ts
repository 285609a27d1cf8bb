import type { Container } from "../shared/conversion.ts";
import { threeLetters } from "../shared/languages.ts";
import type { AudioStream } from "../shared/media.ts";

/** What a track says of itself. `flags` are ffmpeg's names of dispositions. */
export type TrackLabels = { language: string | null; title: string | null; flags: string[] };

/** What of a track's labels the container can hold, and what it cannot. */
export function planLabels(
  { index, language, title, flags }: TrackLabels & Pick<AudioStream, "index">,
  container: Container,
  kind: "audio" | "subtitle" = "audio",
): { labels: TrackLabels; notes: string[] } {
  const held = language === null || container === "mkv" ? language : threeLetters(language);
  const kept = flags.filter((flag) => HELD[container].includes(flag));
  const lost = flags.filter((flag) => !kept.includes(flag));
  const notes = [
    ...(language !== held
      ? [`Its language is ${language}, of which ${container} holds ${held ?? "nothing"}`]
      : []),
    ...(lost.length > 0 ? [`It is marked as ${lost.join(", ")}, which ${container} cannot hold`] : []),
  ];
  return {
    labels: { language: held, title, flags: kept },
    notes: notes.map((note) => `${note} (${kind} track ${index}).`),
  };
}

/** What ffmpeg's muxers write, seen with 5.1 and 9. */
const HELD: Record<Container, string[]> = {
  mp4: ["default", "forced", "comment", "hearing_impaired", "visual_impaired", "dub"],
  mkv: ["default", "forced", "comment", "hearing_impaired", "visual_impaired", "dub", "original"],
};
