import { join } from "node:path";
import { makeClip } from "./clips.ts";

/** `good`: it must be converted; otherwise it must be refused as damaged. */
export type DemoFilm = { rel: string; good: boolean };

/** Where each clip goes: nested folders, a name with spaces and an umlaut. Seconds: long enough to watch. */
const LIBRARY: { rel: string; clip: string; seconds: number; good: boolean }[] = [
  { rel: "holiday.mp4", clip: "plain.mp4", seconds: 12, good: true },
  { rel: "series/season 1/two languages.mkv", clip: "tracks.mkv", seconds: 8, good: true },
  { rel: "web/talk.webm", clip: "web.webm", seconds: 4, good: true },
  { rel: "Alte Filme/Das grüne Käuzchen.avi", clip: "old.avi", seconds: 10, good: true },
  { rel: "phone/upright.mp4", clip: "vertical.mp4", seconds: 6, good: true },
  { rel: "tape/recording.ts", clip: "stream.ts", seconds: 5, good: true },
  { rel: "holiday.mkv", clip: "plain.mkv", seconds: 5, good: true },
  { rel: "copied/cut off.mkv", clip: "cut.mkv", seconds: 8, good: false },
];

/** Makes a small library of different films with ffmpeg's own generators. */
export async function makeLibrary(folder: string): Promise<DemoFilm[]> {
  for (const { rel, clip, seconds } of LIBRARY)
    await makeClip({ name: clip, path: join(folder, rel), seconds });
  return LIBRARY.map(({ rel, good }) => ({ rel, good }));
}
