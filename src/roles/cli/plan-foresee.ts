import { statSync } from "node:fs";
import { basename, extname, posix } from "node:path";
import { type Explanation, explain } from "../../ffmpeg/explain.ts";
import { inspect } from "../../ffmpeg/inspect.ts";
import { lookAtFilm } from "../../ffmpeg/look.ts";
import { lookAtJoins } from "../../ffmpeg/look-joins.ts";
import { lookAtSound } from "../../ffmpeg/look-sound.ts";
import { type Plan, plan } from "../../ffmpeg/plan.ts";
import { tooLargeFrom } from "../../ffmpeg/plan-rules.ts";
import type { Capabilities } from "../../shared/capabilities.ts";
import type { MasterConfig } from "../../shared/config.ts";
import type { Conversion } from "../../shared/conversion.ts";
import type { GpuUse } from "../../shared/gpu.ts";
import type { PlanSummary, Reason } from "../../shared/job.ts";
import type { MediaInfo } from "../../shared/media.ts";
import { createWishes, type Wish } from "../../shared/rules.ts";
import { foreseeQuality } from "./plan-quality.ts";
import { obstacleToReplacing, onReplacing } from "./plan-replace.ts";

export type Machine = { capabilities: Capabilities; gpu: GpuUse };

/** What would become of one film. */
export type Foreseen = Explanation & {
  path: string;
  source_rel: string | null;
  /** Bytes, and seconds where the file says so. */
  size: number;
  duration_s: number | null;
  format: string | null;
  verdict: "converted" | "left alone" | "refused";
  reason: Reason | null;
  message: string | null;
  profile: string | null;
  conversion: Conversion;
  /** The result: its name if nothing else has it, its container, the way that it is made, and its size if that is bounded. */
  output: string | null;
  summary: PlanSummary | null;
  chapters: number;
  /** Bytes: what a ceiling for the bit rate allows; from which size on the result is thrown away. Null for no bound. */
  size_at_most: number | null;
  too_large_from: number | null;
};

/** Reads the file's header, asks the rules, and plans; changes nothing. */
export async function foresee(of: {
  path: string;
  source_rel: string | null;
  config: MasterConfig;
  machine: Machine;
}): Promise<Foreseen> {
  const { path, source_rel, config, machine } = of;
  const { size } = statSync(path);
  const { replace } = config.storage;
  const wishes = createWishes({ ...(source_rel === null ? withoutPatterns(config) : config), replace });
  const wish = wishes.of(source_rel ?? "");
  const start = opening({ ...of, wish, size });
  const refused = wishes.refuse({ source_rel: source_rel ?? basename(path), size });
  const { ffprobe_path } = machine.capabilities.ffmpeg;
  const inspected = await inspect({ ffprobe_path, path });
  if ("refusal" in inspected) return ended(start, refused ?? inspected.refusal, refused !== null);
  const { ffmpeg } = machine.capabilities;
  const joined = await lookAtJoins({ ...ffmpeg, path, media: inspected.media });
  if ("refusal" in joined) return ended(start, refused ?? joined.refusal, refused !== null);
  const copies = wish.conversion.audio_codec === "copy";
  const heard = await lookAtSound({ ...joined, ffmpeg, copies });
  const media = await lookAtFilm({ ffmpeg, path: joined.path, media: heard });
  const { conversion, rules } = wish;
  const seen = { ...start, ...measures(media) };
  const planned = refused === null ? plan({ media, conversion, rules, ...machine }) : null;
  const best = planned !== null && "ladder" in planned ? (planned.ladder[0] ?? null) : null;
  const told = explain({ media, conversion, plan: best });
  const notes = [...start.notes, ...told.notes];
  const shown = { ...seen, ...told, notes };
  if (refused !== null) return ended(shown, refused, true);
  if (planned !== null && "refusal" in planned) return ended(shown, planned.refusal, false);
  if (best === null) throw new Error("a ladder without a rung");
  const quality = await foreseeQuality({ ffmpeg_path: ffmpeg.path, conversion, plan: best, media });
  const output = outputOf(source_rel ?? basename(path), best);
  const obstacle = config.storage.replace ? await obstacleToReplacing({ ...of, output }) : null;
  if (obstacle !== null) return ended(shown, obstacle, true);
  return {
    ...shown,
    ...{ notes: [...notes, ...quality, ...onReplacing(config)], output, summary: best.summary },
    ...{ size_at_most: sizeAtMost(best, media), too_large_from: tooLargeFrom({ media, rules }) },
  };
}

function withoutPatterns({ conversion, rules }: MasterConfig) {
  return { conversion, rules: { ...rules, include: [], exclude: [], profiles: [] } };
}

function opening(of: {
  path: string;
  source_rel: string | null;
  config: MasterConfig;
  wish: Wish;
  size: number;
}): Foreseen {
  const { path, source_rel, size, wish } = of;
  return {
    ...{ path, source_rel, size, duration_s: null, format: null, chapters: 0 },
    ...{ verdict: "converted", reason: null, message: null, output: null, summary: null },
    ...{ profile: wish.profile, conversion: wish.conversion, size_at_most: null, too_large_from: null },
    ...{ streams: [], notes: notesOnPlace(of) },
  };
}

/** What keeps a master from ever seeing the file, or its rules from being asked. */
function notesOnPlace({ path, source_rel, config }: Parameters<typeof opening>[0]): string[] {
  const { root_path, video_extensions } = config.scanner;
  if (source_rel === null) {
    return [
      `The film lies outside of scanner.root_path (${root_path}): no pattern and no profile was asked.`,
    ];
  }
  const extension = extname(path).toLowerCase();
  const known = video_extensions.some((one) => one.toLowerCase() === extension);
  const hidden = source_rel.split("/").some((name) => name.startsWith("."));
  return [
    ...(known ? [] : [`A scan does not see it: ${extension} is not in scanner.video_extensions.`]),
    ...(hidden ? ["A scan does not see it: names that begin with a dot are left out."] : []),
  ];
}

function measures(media: MediaInfo) {
  return { duration_s: media.duration_s, format: media.format, chapters: media.chapters };
}

type Refused = { reason: Reason; message: string; outcome?: string };

function ended(film: Foreseen, { reason, message, outcome }: Refused, ruled: boolean): Foreseen {
  const left = ruled || outcome === "skipped";
  return { ...film, verdict: left ? "left alone" : "refused", reason, message };
}

function outputOf(source_rel: string, { container }: Plan): string {
  const { dir, name } = posix.parse(source_rel);
  return posix.join(dir, `${name}.${container}`);
}

/** Room for what lies around the packets. */
const OVERHEAD = 1.02;

function sizeAtMost({ video, audio }: Plan, { duration_s, audio: sources }: MediaInfo): number | null {
  if (video.rate.kind !== "bit_rate" || duration_s === null) return null;
  const sound = audio.map((track) =>
    track.action === "encode"
      ? track.bit_rate
      : (sources.find(({ index }) => index === track.index)?.bit_rate ?? null),
  );
  if (sound.includes(null)) return null;
  const bits = sound.reduce<number>((sum, one) => sum + (one ?? 0), video.rate.bit_rate);
  return Math.round((bits / 8) * duration_s * OVERHEAD);
}
