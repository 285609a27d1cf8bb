import { open, rm, stat } from "node:fs/promises";
import type { FfmpegInfo } from "../shared/capabilities.ts";
import { besideSuffix, type MadeBeside } from "../shared/job.ts";
import type { MediaInfo } from "../shared/media.ts";
import { ENDED } from "./args.ts";
import { errorsOnly, fileUrl, readOptions, sourceUrl } from "./guard.ts";
import { measure } from "./measure.ts";
import type { Plan } from "./plan.ts";
import type { BesidePlan } from "./plan-subtitles.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { startAsRead } from "./start-as-read.ts";
import { captureTool } from "./tool.ts";

/**
 * Writes the subtitles that the plan wants beside the film, all in one pass over the source, into files whose names begin
 * with `target`; compares each with the track that it was made of, and flushes it. Leaves nothing there unless all are
 * good. Throws VcError("ffmpeg") if the programs do not start.
 */
export async function makeBeside(of: {
  ffmpeg: FfmpegInfo;
  plan: Pick<Plan, "beside" | "video" | "audio" | "subtitles">;
  media: MediaInfo;
  source: string;
  target: string;
  signal: AbortSignal;
}): Promise<{ made: MadeBeside[] } | { refusal: Refusal }> {
  const { beside } = of.plan;
  if (beside.length === 0) return { made: [] };
  const paths = besidePaths(of);
  let good = false;
  try {
    await reserve(paths);
    const run = await captureTool({
      argv: command({ ...of, paths }),
      limit_ms: LIMIT_MS,
      max_bytes: 1024,
      signal: of.signal,
    });
    if (run.code !== 0) return bad(`ffmpeg could not write them: ${lastLine(run.stderr)}`);
    const wrong = await findWrong({ ...of, paths });
    if (wrong !== null) return bad(wrong);
    const sizes = await Promise.all(paths.map(flush));
    good = true;
    const made = beside.map(({ extension, label }, n) => ({
      ...{ suffix: besideSuffix(n + 1, extension), extension, label, size: sizes[n] ?? 0 },
    }));
    return { made };
  } finally {
    if (!good) await removeBeside(of);
  }
}

/** Takes away what an attempt may have written beside its film. */
export async function removeBeside(of: { plan: Pick<Plan, "beside">; target: string }): Promise<void> {
  for (const path of besidePaths(of)) await rm(path, { force: true });
}

/** Hours, for the largest film over the slowest network. */
const LIMIT_MS = 6 * 3600 * 1000;

function besidePaths({ plan, target }: { plan: Pick<Plan, "beside">; target: string }): string[] {
  return plan.beside.map(({ extension }, n) => target + besideSuffix(n + 1, extension));
}

/** Everyone may write in the staging folder: nothing that lies there under the name is written into. */
async function reserve(paths: string[]): Promise<void> {
  for (const path of paths) {
    await rm(path, { force: true });
    await (await open(path, "wx")).close();
  }
}

function command(of: Parameters<typeof makeBeside>[0] & { paths: string[] }): string[] {
  return [
    ...[of.ffmpeg.path, "-hide_banner", "-nostdin", "-nostats", "-y", ...errorsOnly(of.source)],
    ...readOptions(of.source),
    ...["-itsoffset", earlier_s(of).toFixed(6), "-i", sourceUrl(of.source)],
    ...filmsClock(of.plan),
    ...of.plan.beside.flatMap((one, n) => outputOf(one, of.paths[n] ?? "")),
  ];
}

/**
 * Broadcasts and Blu-rays are counted from the first of the tracks that ffmpeg reads (ffmpeg_demux.c, "Correcting starttime
 * based on the enabled streams"): so it reads the film's, too, and throws them away.
 */
function filmsClock({ video, audio, subtitles }: Parameters<typeof makeBeside>[0]["plan"]): string[] {
  const maps = [video, ...audio, ...subtitles].flatMap(({ index }) => ["-map", `0:${index}`]);
  return [...maps, "-c", "copy", "-f", "null", "-"];
}

/** How much earlier than for the film ffmpeg begins to count here, below zero: subtitles often begin before pictures and sound. */
function earlier_s({ plan, media }: Parameters<typeof makeBeside>[0]): number {
  const film = [plan.video, ...plan.audio, ...plan.subtitles].map(({ index }) => index);
  const here = [...film, ...plan.beside.map(({ index }) => index)];
  return startAsRead(media, here).start_s - startAsRead(media, film).start_s;
}

/** Matroska keeps the language inside, too. */
function outputOf(of: BesidePlan, path: string): string[] {
  const { index, extension, language, title, flags } = of;
  const options = ["-map", `0:${index}`, "-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"];
  const timed = [...options, "-bsf:0", AFTER_BEGINNING];
  if (extension === "sup") return [...timed, "-f", "sup", fileUrl(path)];
  return [
    ...timed,
    ...(language === null ? [] : ["-metadata:s:0", `language=${language}`]),
    ...(title === null ? [] : ["-metadata:s:0", `title=${title}`]),
    ...["-disposition:0", flags.length === 0 ? "0" : flags.join("+"), "-f", "matroska", fileUrl(path)],
  ];
}

/**
 * What stands before the film's beginning is shown from there on; as it is, ffmpeg would move all that comes after by as
 * much (avoid_negative_ts).
 */
const AFTER_BEGINNING = `setts=ts=if(eq(TS\\,NOPTS)\\,NOPTS\\,max(0\\,TS)):duration=${ENDED}`;

/** The first file that does not hold all packets of its track. */
async function findWrong(of: Parameters<typeof makeBeside>[0] & { paths: string[] }): Promise<string | null> {
  const { ffprobe_path } = of.ffmpeg;
  const source = await measure({ ffprobe_path, path: of.source, signal: of.signal });
  if ("refusal" in source) return source.refusal.message;
  for (const [n, { index, codec }] of of.plan.beside.entries()) {
    const had = source.timelines.get(index)?.packets ?? 0;
    const file = await measure({ ffprobe_path, path: of.paths[n] ?? "", signal: of.signal });
    // A track without a single picture makes a file without a track.
    if (had === 0) continue;
    if ("refusal" in file) return `track ${index} cannot be read back: ${file.refusal.message}`;
    const track = file.media.subtitles[0];
    const has = file.timelines.get(track?.index ?? -1)?.packets ?? 0;
    if (track?.codec !== codec || has < had) return `of track ${index}, ${has} of ${had} packets are there`;
  }
  return null;
}

function bad(why: string): { refusal: Refusal } {
  return refusal("retry", "verification_failed", `The subtitles beside the film are not good: ${why}.`);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 300) || "no reason given";
}

async function flush(path: string): Promise<number> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return (await stat(path)).size;
}
