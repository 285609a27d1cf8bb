import type { StreamFate } from "../../ffmpeg/explain.ts";
import { printable } from "../../shared/printable.ts";
import { wrap } from "./fit.ts";
import { bytes, count, seconds } from "./format.ts";
import type { Foreseen } from "./plan-foresee.ts";
import { type Branch, tree } from "./tree.ts";

/** The screen of `vc plan`: what is decided, by which rule; each track; what cannot be kept. */
export function renderForeseen(film: Foreseen, columns: number | null): string {
  const notes = film.notes.map(printable);
  const blocks = [
    tree(`🎬 ${printable(film.source_rel ?? film.path)}`, branchesOf(film)),
    film.streams.length === 0 ? null : tree("🎞️ Tracks", film.streams.map(trackBranch)),
    notes.length === 0 ? null : tree("📝 Notes", notes),
  ];
  const text = blocks.filter((block) => block !== null).join("\n\n");
  if (columns === null) return text;
  return text
    .split("\n")
    .flatMap((line) => wrap(line, columns))
    .join("\n");
}

function branchesOf(film: Foreseen): Branch[] {
  const { summary, message } = film;
  const length = film.duration_s === null ? "" : `, ${seconds(film.duration_s)} long`;
  const container = film.format === null ? "" : `, ${printable(film.format)}`;
  const chapters = film.chapters === 0 ? "" : `, ${count(film.chapters, "chapter")}`;
  const lines: (Branch | null)[] = [
    `Source: ${bytes(film.size)}${length}${container}${chapters}`,
    `Verdict: ${verdictOf(film)}`,
    message === null ? null : `Why: ${printable(message)}`,
    film.profile === null ? null : `Profile: ${printable(film.profile)}`,
    film.output === null ? null : `Result: ${printable(film.output)}`,
    summary === null ? null : `Size: ${sizeOf(film)}`,
    summary === null
      ? null
      : {
          text: `Way: decode ${summary.decode}, filter ${summary.filter}, encode ${summary.encoder} (${summary.family})${summary.device ? `, on ${printable(summary.device)}` : ""}`,
          below: summary.passed_over.map(({ family, why }) => `Not taken (${family}): ${printable(why)}`),
        },
  ];
  return lines.filter((line) => line !== null);
}

function verdictOf({ verdict, reason }: Foreseen): string {
  return reason === null ? verdict : `${verdict} (${reason.replaceAll("_", " ")})`;
}

function sizeOf({ size_at_most, too_large_from, size }: Foreseen): string {
  const most = size_at_most === null ? "known only afterwards" : `at most ${bytes(size_at_most)}`;
  if (too_large_from === null) return most;
  const share = size === 0 ? 0 : Math.round((100 * too_large_from) / size);
  return `${most}; thrown away unless below ${bytes(too_large_from)} (rules.max_size_ratio, ${share}%)`;
}

function trackBranch(stream: StreamFate): Branch {
  const named = [stream.language, stream.title === null ? null : `"${stream.title}"`].filter(
    (one) => one !== null,
  );
  const about = named.length === 0 ? "" : ` (${printable(named.join(", "))})`;
  return {
    text: `${stream.index} ${stream.kind}${about}: ${printable(stream.is)}${fateOf(stream)}`,
    below: stream.why.map(printable),
  };
}

function fateOf({ fate, becomes }: StreamFate): string {
  if (fate === "none") return "";
  if (fate === "left out") return " → left out";
  return fate === "kept" ? ` → kept ${becomes}` : ` → ${becomes}`;
}
