import type { Job } from "../src/shared/job.ts";
import type { DemoFilm } from "./demo-library.ts";

export type Outcome = { film: DemoFilm; job: Job | undefined; proof: string; right: boolean };

/** Live progress: redrawn in place on a terminal, elsewhere one line for each change of a film's status. */
export function createScreen(out: NodeJS.WriteStream) {
  const told = new Map<string, string>();
  let drawn = 0;
  return {
    draw(jobs: Job[]): void {
      const sorted = [...jobs].sort((a, b) => (a.source_rel < b.source_rel ? -1 : 1));
      if (out.isTTY) {
        const lines = sorted.map(lineOf).map((line) => line.slice(0, (out.columns ?? 100) - 1));
        out.write(`${drawn > 0 ? `\x1b[${drawn}A` : ""}${lines.map((line) => `\x1b[2K${line}\n`).join("")}`);
        drawn = lines.length;
        return;
      }
      for (const job of sorted.filter(({ id, status }) => told.get(id) !== status)) {
        told.set(job.id, job.status);
        out.write(`${lineOf(job)}\n`);
      }
    },
    end(): void {
      drawn = 0;
    },
  };
}

const BAR = 20;

function lineOf(job: Job): string {
  const percent = job.status === "completed" ? 100 : (job.progress?.percent ?? 0);
  const full = Math.round((percent / 100) * BAR);
  const bar = "#".repeat(full) + ".".repeat(BAR - full);
  const who =
    job.status === "processing" ? ` on ${job.worker_id} (${job.progress?.stage ?? "starting"})` : "";
  return `  [${bar}] ${percent.toFixed(0).padStart(3)}%  ${job.source_rel}: ${job.status}${who}`;
}

/** What became of each file, as a table for people. */
export function outcomeTable(outcomes: Outcome[]): string {
  const rows = [
    ["", "file", "became", "how that is known"],
    ...outcomes.map(({ film, job, proof, right }) => [
      right ? "ok" : "WRONG",
      film.rel,
      job === undefined ? "-" : job.status === "completed" ? job.output_rel : `${job.status}: ${job.reason}`,
      proof,
    ]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  const pad = (text: string, width = 0) => text + " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
