import type { MediaInfo, SubtitleStream } from "../shared/media.ts";
import type { Damage } from "./log.ts";
import type { Plan } from "./plan.ts";
import type { SubtitlePlan } from "./plan-subtitles.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { EMPTY_TIMELINE, type Timeline } from "./timeline.ts";

/**
 * What of a result beside its picture and sound is not as planned, in words that follow "its"; null if nothing: labels of
 * subtitles, attachments, chapters, and what it says of itself.
 */
export function wrongRest(plan: Plan, made: MediaInfo): string | null {
  return (
    wrongSubtitles(plan, made.subtitles) ??
    wrongAttachments(plan, made) ??
    wrongChapters(plan, made) ??
    wrongTags(plan, made)
  );
}

function wrongSubtitles({ subtitles }: Plan, made: SubtitleStream[]): string | null {
  const marked = subtitles.some(({ flags }) => flags.includes("default"));
  for (const [n, planned] of subtitles.entries()) {
    const track = made[n];
    const wrong = track === undefined ? "is missing" : wrongLabels(planned, track, marked);
    if (wrong !== null) return `subtitle track ${n + 1} ${wrong}`;
  }
  return null;
}

/** Where no track is the default, mp4's first one is all the same. */
function wrongLabels(planned: SubtitlePlan, track: SubtitleStream, marked: boolean): string | null {
  if (track.language !== planned.language) {
    return `has ${track.language ?? "no"} language, not ${planned.language ?? "none"}`;
  }
  if (planned.title !== null && ![track.title, track.handler].includes(planned.title)) {
    return `has the title ${JSON.stringify(track.title)}, not ${JSON.stringify(planned.title)}`;
  }
  const flags = track.flags.filter((flag) => marked || flag !== "default").join(", ");
  const meant = planned.flags.join(", ");
  return flags === meant ? null : `is marked as ${flags || "nothing"}, not ${meant || "nothing"}`;
}

function wrongAttachments({ attachments }: Plan, made: MediaInfo): string | null {
  const found = made.other.filter(({ kind }) => kind === "attachment");
  const named = (one: { filename: string | null; mimetype: string | null }) =>
    `${one.filename} (${one.mimetype})`;
  const [is, meant] = [found.map(named).join(", "), attachments.map(named).join(", ")];
  return is === meant ? null : `attached files are ${is || "none"}, not ${meant || "none"}`;
}

function wrongChapters({ chapters }: Plan, { chapter_titles }: MediaInfo): string | null {
  if (chapter_titles.length !== chapters.length) {
    return `chapters are ${chapter_titles.length}, not ${chapters.length}`;
  }
  const wrong = chapters.findIndex((title, n) => !isAlike(title, chapter_titles[n]));
  if (wrong < 0) return null;
  return `chapter ${wrong + 1} is called ${JSON.stringify(chapter_titles[wrong])}, not ${JSON.stringify(chapters[wrong])}`;
}

function wrongTags({ tags }: Plan, made: MediaInfo): string | null {
  const found = new Map(Object.entries(made.tags).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(tags.kept)) {
    if (!COMPARED.test(name)) continue;
    const is = found.get(name);
    const alike = name === "creation_time" ? isSameTime(value, is) : isAlike(value, is);
    if (!alike) return `${name} is ${JSON.stringify(is ?? null)}, not ${JSON.stringify(value)}`;
  }
  return null;
}

/** What people would miss; programs' own words are not worth a film. */
const COMPARED =
  /^(?:title|artist|album|date|comment|description|synopsis|genre|copyright|show|episode_id|creation_time|com\.apple\.quicktime\.(?:creationdate|location\.iso6709|make|model))$/;

/** Texts that are damaged, or longer than any title, become others on every way through a muxer. */
function isAlike(meant: string | null, is: string | null | undefined): boolean {
  if (meant === null) return true;
  if (meant.includes("\uFFFD") || meant.length > LONGEST || /\p{Cc}/u.test(meant)) return true;
  return meant.trim() === (is ?? "").trim();
}

const LONGEST = 250;

/** Containers keep it to a second at least, and from 1971 on. */
function isSameTime(meant: string, is: string | undefined): boolean {
  const then = Date.parse(meant);
  if (Number.isNaN(then) || then < FIRST_MS || then > LAST_MS) return true;
  return Math.abs(then - Date.parse((is ?? "").split(";")[0] ?? "")) < 1000;
}

const FIRST_MS = Date.UTC(1971, 0, 1);
const LAST_MS = Date.UTC(2100, 0, 1);

/**
 * What became of subtitles inside; `source_timelines` are null where the source's packets were not read. Texts that cannot
 * be read cost no film, but are told.
 */
export function judgeRest(of: {
  plan: Plan;
  media: MediaInfo;
  timelines: Map<number, Timeline>;
  captions_lost: boolean;
  source_timelines: Map<number, Timeline> | null;
  damage: Damage;
}): { notes: string[] } | { refusal: Refusal } {
  const { plan, media, timelines, damage } = of;
  const notes: string[] = [];
  for (const [n, { index, encoder }] of plan.subtitles.entries()) {
    const unread = damage.undecoded[index] ?? 0;
    const { packets: had, meanwhile } = of.source_timelines?.get(index) ?? EMPTY_TIMELINE;
    const has = timelines.get(media.subtitles[n]?.index ?? -1)?.packets ?? 0;
    if (unread > 0) notes.push(unreadable(index, unread));
    if (encoder === "mov_text" && meanwhile > 0) notes.push(oneAtATime(index, meanwhile));
    // Empty packets only end what was shown before, so that counts of texts differ by container.
    const lost = encoder === "copy" ? has < had : had > 0 && has === 0 && unread === 0;
    if (!lost) continue;
    const message = `The result is not good: subtitle track ${n + 1} has ${has} packets, not ${had}.`;
    return refusal("retry", "verification_failed", message);
  }
  return { notes: of.captions_lost ? [...notes, NO_CAPTIONS] : notes };
}

function unreadable(index: number, count: number): string {
  return `Of subtitle track ${index}, ${count} text${count === 1 ? "" : "s"} could not be read and ${count === 1 ? "is" : "are"} missing: not UTF-8, or damaged.`;
}

/** ISO 14496-17, as all of mp4: the samples of a track follow each other. */
function oneAtATime(index: number, count: number): string {
  const [begin, each] = count === 1 ? ["text begins", "it"] : ["texts begin", "each"];
  return `In subtitle track ${index}, ${count} ${begin} while another one is shown: mp4 shows one at a time, so what was there before ${each} ends early.`;
}

const NO_CAPTIONS = "The closed captions inside the source's pictures are not in the result.";
