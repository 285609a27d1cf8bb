import { describe, expect, test } from "bun:test";
import type { EncodeRun } from "../../src/ffmpeg/encode.ts";
import { judgeRun } from "../../src/ffmpeg/encode-outcome.ts";
import { NO_REPORT } from "../../src/ffmpeg/progress.ts";
import { damage } from "./records.ts";

const limits = { ffmpeg_timeout_ms: 60_000, stall_timeout_ms: 300_000 };
const quiet = { tail: "", damage: damage(), disk_full: false, cut: null };
const complaints = {
  tail: "[h264 @ 0x1] [error] no frame!\n",
  damage: damage({ lines: 9, first: "x" }),
  disk_full: false,
  cut: null,
};

function run(changes: Partial<EncodeRun>): EncodeRun {
  return {
    code: 0,
    signal: null,
    stopped: null,
    undead: false,
    log: quiet,
    report: { ...NO_REPORT, frame: 10 },
    ...changes,
  };
}

describe("a run of ffmpeg", () => {
  const rows: [string, Partial<EncodeRun>, string | null, string][] = [
    ["that ended well", {}, null, ""],
    [
      "that had to be ended after its last word",
      { code: null, signal: "SIGKILL", stopped: "end_hang" },
      null,
      "",
    ],
    ["that was too greedy", { signal: "SIGKILL", stopped: "memory" }, "ffmpeg_failed", "took more memory"],
    ["that wrote too much", { code: 255, stopped: "result_size" }, "ffmpeg_failed", "made a larger file"],
    [
      "that stood still",
      { code: 255, stopped: "stalled" },
      "stalled",
      "no progress for 300 s (stall_timeout)",
    ],
    [
      "that stood still, and nothing ended it",
      { code: null, signal: "SIGKILL", stopped: "stalled", undead: true },
      "stalled",
      "could not be ended, even by SIGKILL",
    ],
    [
      "that took too long",
      { code: 255, stopped: "ffmpeg_timeout" },
      "ffmpeg_timeout",
      "ffmpeg.timeout (60 s)",
    ],
    ["that was stopped", { code: 255, stopped: "aborted" }, "cancelled", "on request"],
    ["with a full disk", { code: 1, log: { ...quiet, disk_full: true } }, "disk_full", "full"],
    [
      "whose last bytes met a full disk",
      { code: 0, log: { ...quiet, disk_full: true } },
      "disk_full",
      "full",
    ],
    [
      "whose source's stream broke off",
      { code: 0, log: { ...complaints, cut: "[http @ 0x1] [warning] HTTP error 502 Bad Gateway" } },
      "transfer_failed",
      "broke off: HTTP error 502",
    ],
    ["that crashed", { code: null, signal: "SIGSEGV" }, "ffmpeg_failed", "ended by SIGSEGV"],
    ["that failed", { code: 1, log: { ...complaints } }, "ffmpeg_failed", "with exit code 1: no frame!"],
    ["that decoded nothing", { code: 1, log: complaints, report: NO_REPORT }, "source_damaged", "no frame!"],
    ["that decoded too little", { code: 69, log: complaints }, "source_damaged", "could not be decoded"],
  ];
  test.each(rows)("%s", (_name, changes, reason, part) => {
    const refusal = judgeRun(run(changes), limits);
    expect(refusal?.reason ?? null).toBe(reason as never);
    expect(refusal?.message ?? "").toContain(part);
    expect(refusal?.outcome).toBe(
      (reason === "source_damaged" ? "permanent" : reason === null ? undefined : "retry") as never,
    );
  });
});
