import { printable } from "../../shared/printable.ts";
import type { Stats } from "../../shared/status.ts";
import { bytes, count, moment, percent, seconds } from "./format.ts";
import { type Branch, tree } from "./tree.ts";

/** The screen of `vc stats`. */
export function renderStats(stats: Stats): string {
  const reasons = stats.reasons
    .filter((entry) => entry.reason !== null && entry.jobs > 0)
    .map(({ status, reason, jobs }) => `${status}, ${words(reason)}: ${count(jobs)}`);
  const blocks = [
    tree("📊 Jobs", countBranches(stats)),
    tree("💾 Sizes", sizeBranches(stats)),
    tree("⏱️ Times", timeBranches(stats)),
    reasons.length === 0 ? null : tree("❓ Reasons", reasons),
    tree(`🖥️ Workers: ${stats.by_worker.length}`, stats.by_worker.map(workerLine)),
    `vc ${printable(stats.version)}, master running since ${moment(stats.started_at)}`,
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

function words(reason: Stats["reasons"][number]["reason"]): string {
  return reason === "unspecified" ? "without a reason given" : (reason ?? "").replaceAll("_", " ");
}

function countBranches({ counts }: Stats): Branch[] {
  const total = Object.values(counts).reduce((sum, value) => sum + value, 0);
  const name = (status: string) => `${status[0]?.toUpperCase()}${status.slice(1)}`;
  const each = Object.entries(counts).map(
    ([status, value]) => `${name(status)}: ${count(value)} (${percent(value, total)})`,
  );
  return [`Total: ${count(total)}`, ...each];
}

function sizeBranches(stats: Stats): Branch[] {
  const { completed_source_bytes: before, completed_output_bytes: after } = stats;
  const change = before === 0 ? "" : ` (${percent(after, before)} of their sources)`;
  return [
    `All sources: ${bytes(stats.source_bytes)}`,
    `Sources of completed films: ${bytes(before)}`,
    `Completed films: ${bytes(after)}${change}`,
  ];
}

function timeBranches(stats: Stats): Branch[] {
  const { completed_source_seconds: length, encode_seconds } = stats;
  const speed = encode_seconds === 0 || length === 0 ? "" : ` (${(length / encode_seconds).toFixed(2)}x)`;
  return [
    `Length of completed films: ${seconds(length)}`,
    `Encoding: ${seconds(encode_seconds)}${speed}`,
    `Verification: ${seconds(stats.verify_seconds)}`,
  ];
}

function workerLine(worker: Stats["by_worker"][number]): string {
  const { completed, failed, lost, encode_seconds } = worker;
  const parts = [`${count(completed)} completed`, `${count(failed)} failed`, `${count(lost)} lost`];
  return `${printable(worker.worker_id)}: ${parts.join(", ")}, ${seconds(encode_seconds)} of encoding`;
}
