import { describe, expect, test } from "bun:test";
import { NO_REPORT, type Report, readProgressLine, toProgress } from "../../src/ffmpeg/progress.ts";

const BLOCK = [
  "frame=50",
  "fps=25.00",
  "stream_0_0_q=35.8",
  "bitrate= 185.4kbits/s",
  "total_size=44114",
  "out_time_us=1903063",
  "out_time_ms=1903063",
  "out_time=00:00:01.903063",
  "dup_frames=0",
  "drop_frames=0",
  "speed=6.82x",
  "progress=continue",
];

function read(lines: string[]): Report {
  return lines.reduce<Report>((report, line) => readProgressLine(report, line) ?? report, NO_REPORT);
}

test("a block of ffmpeg's", () => {
  const expected = { frame: 50, fps: 25, speed: 6.82, out_time_s: 1.903063, total_size: 44114, ended: false };
  expect(read(BLOCK)).toEqual(expected);
  expect(BLOCK.every((line) => readProgressLine(NO_REPORT, line) !== null)).toBe(true);
  expect(read([...BLOCK, "progress=end"]).ended).toBe(true);
});

describe("lines that say nothing", () => {
  test.each([
    "out_time_us=N/A",
    "out_time_us=-9223372036854775807",
    "speed=N/A",
    "total_size=N/A",
    "fps=nan",
    "fps=0.0",
  ])("%s", (line) => {
    expect(read([line])).toEqual(NO_REPORT);
  });
});

test("time never steps back", () => {
  expect(read(["out_time_us=2000000", "out_time_us=1500000", "out_time_us=N/A"]).out_time_s).toBe(2);
});

describe("lines of the log", () => {
  test.each(["[h264 @ 0x1] [error] no frame!", "title=x y", "foo=1", "x265 [info]: fps=3"])("%s", (line) => {
    expect(readProgressLine(NO_REPORT, line)).toBeNull();
  });
});

describe("of the whole film", () => {
  const half = { ...NO_REPORT, out_time_s: 30, speed: 2, fps: 50 };
  const rows: [string, Report, number | null, object][] = [
    ["half of it", half, 60, { percent: 50, eta_s: 15, fps: 50, speed: 2, stage: "encoding" }],
    ["of unknown length", half, null, { percent: 0, eta_s: null }],
    ["not begun", NO_REPORT, 60, { percent: 0, eta_s: null, fps: null }],
    ["longer than it said", { ...half, out_time_s: 90 }, 60, { percent: 99.9, eta_s: 0 }],
    ["ended early", { ...half, ended: true }, 60, { percent: 100 }],
    ["nothing written yet", { ...half, out_time_s: 0 }, 60, { percent: 0, eta_s: null }],
    ["standing still", { ...half, speed: 0 }, 60, { eta_s: null }],
  ];
  test.each(rows)("%s", (_name, report, duration_s, expected) => {
    expect(toProgress(report, duration_s)).toMatchObject(expected);
  });
});
