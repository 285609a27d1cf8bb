import { expect, test } from "bun:test";
import {
  renderConvertEnd,
  renderConvertLine,
  renderConvertProgress,
} from "../../../src/roles/cli/render-convert.ts";
import type { Stats } from "../../../src/shared/status.ts";
import { job, status, worker } from "./records.ts";

const nothing = status();
const halfway = { stage: "encoding", percent: 50, fps: 87, speed: 2, eta_s: 4 } as const;

test("before anything is known the bar is empty and says what is being done", () => {
  expect(renderConvertProgress({ ...nothing, scan: { ...nothing.scan, running: true } })).toBe(
    `${"░".repeat(30)} 0.0%, 0 of 0 films (still looking for films)`,
  );
});

test("films in work count with the part that is done; names cannot control the terminal", () => {
  const jobs = [{ job_id: "j", source_rel: "a\u001b[2J.mkv", progress: halfway }];
  const counts = { total: 4, completed: 1, failed: 1, processing: 1, pending: 1, eta_s: 65 };
  const screen = renderConvertProgress(status({ ...counts, workers: [worker({ jobs })] }));
  const [bar, film, ...rest] = screen.split("\n");
  expect(bar).toBe(`${"█".repeat(19)}${"░".repeat(11)} 62.5%, 2 of 4 films, 1 failed, 1 min 5 s left`);
  expect(film).toStartWith("  a");
  expect(film).toEndWith("encoding 50.0%, 87 fps, 2.00x, 4 s left");
  expect(film).not.toContain("\u001b");
  expect(rest).toEqual([]);
});

test("what keeps it from working stands below the bar", () => {
  const workers = [worker({ problem: "The disk of /out is full." })];
  const lines = renderConvertProgress({ ...nothing, problems: ["the root is gone"], workers }).split("\n");
  expect(lines.slice(1)).toEqual(["  ⚠️ the root is gone", "  ⚠️ The disk of /out is full."]);
});

test("into a file all of it goes in one line", () => {
  const jobs = [{ job_id: "j", source_rel: "a\nb.mkv", progress: halfway }];
  const counts = { total: 2, completed: 1, processing: 1, problems: ["the root is gone"] };
  const line = renderConvertLine(status({ ...counts, workers: [worker({ jobs })] }));
  expect(line).toStartWith("75.0%, 1 of 2 films; a");
  expect(line).toEndWith(": encoding 50.0%, 87 fps, 2.00x, 4 s left; ⚠️ the root is gone");
  expect(line).not.toContain("\n");
});

const stats = { completed_source_bytes: 3 * 1024 ** 2, completed_output_bytes: 1024 ** 2 } as Stats;
const sought = { root_path: "/films", video_extensions: [".mkv", ".mp4"] };
const failed = job({ status: "failed", source_rel: "b.mkv", error_message: "It is cut off." });

test.each([
  [
    "all is done",
    { ...nothing, total: 2, completed: 2 },
    [],
    true,
    ["2 films converted (3.0 MiB → 1.0 MiB)."],
  ],
  [
    "some failed",
    { ...nothing, total: 3, completed: 1, failed: 1, skipped: 1 },
    [failed],
    true,
    ["failed b.mkv: It is cut off.", "1 film converted (3.0 MiB → 1.0 MiB), 1 failed, 1 skipped."],
  ],
  [
    "there was nothing",
    nothing,
    [],
    true,
    ["no films found in /films; looked for .mkv, .mp4 (hidden files and links are left out)."],
  ],
  [
    "a folder was left out",
    { ...nothing, total: 1, completed: 1, problems: ["1 folder cannot be read: a/ (EACCES)."] },
    [],
    true,
    ["⚠️ 1 folder cannot be read: a/ (EACCES).", "1 film converted (3.0 MiB → 1.0 MiB)."],
  ],
  [
    "it was stopped",
    { ...nothing, total: 2, pending: 2 },
    [],
    false,
    ["nothing converted.", "Stopped with 2 films left; run the same command to go on."],
  ],
])("the end, when %s", (_, reached, jobs, over, lines) => {
  expect(
    renderConvertEnd({ status: reached, stats, jobs, noted: [], over, warnings: [], sought }).split("\n"),
  ).toEqual(lines);
});

test("the end warns of what the worker warned of", () => {
  const warnings = ['No GPU is used, although vulkan.preferred_device is "RTX": there is none.'];
  const end = { status: nothing, stats, jobs: [], noted: [], over: true, warnings, sought };
  expect(renderConvertEnd(end).split("\n")[0]).toBe(`⚠️ ${warnings[0]}`);
});

test("the end tells what was left out of films that were converted, but not of hundreds", () => {
  const one = { ...failed, source_rel: "a.mkv", notes: ["Track 2 was left out.", "So was track 3."] };
  const end = { status: nothing, stats, jobs: [], over: true, warnings: [], sought };
  const lines = (films: number) => renderConvertEnd({ ...end, noted: Array(films).fill(one) }).split("\n");
  expect(lines(1)[0]).toBe("📝 a.mkv: Track 2 was left out. So was track 3.");
  expect(lines(20).filter((line) => line.startsWith("📝")).length).toBe(20);
  expect(lines(22)[20]).toBe("📝 2 further films with notes; --json tells all.");
});

test("what the worker does before the first film, and what is wrong with it and its GPUs, stand below the bar", () => {
  const gpus = [{ name: "Card", state: "parked" as const, problem: "parked (tried again in 20 min)" }];
  const workers = [worker({ doing: "trying things out", warnings: ["No GPU is used."], gpus })];
  expect(
    renderConvertProgress({ ...nothing, workers })
      .split("\n")
      .slice(1),
  ).toEqual([
    "  🔎 trying things out",
    "  ⚠️ No GPU is used.",
    "  ⚠️ GPU Card: parked (tried again in 20 min)",
  ]);
});
