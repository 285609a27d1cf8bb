import { describe, expect, test } from "bun:test";
import { createLog, isCut } from "../../src/ffmpeg/log.ts";

function read(lines: string[]) {
  const log = createLog();
  lines.forEach(log.read);
  return log.result();
}

describe("damage", () => {
  const rows: [string, boolean][] = [
    ["[h264 @ 0x5585] [error] error while decoding MB 19 1", true],
    ["[warning] file:flip.mkv: corrupt decoded frame in stream 0", true],
    ["[matroska,webm @ 0x55c8] [error] File ended prematurely", true],
    [
      "[matroska,webm @ 0x55aa] [error] 0x00 at pos 62778 (0xf53a) invalid as first byte of an EBML number",
      true,
    ],
    [
      "[matroska,webm @ 0x55b2] [error] Element at 0x16845 ending at 0x19908 exceeds containing master element ending at 0x1892e",
      true,
    ],
    ["[matroska,webm @ 0x55ea] [error] Invalid track number 3", true],
    ["[error] Error while decoding stream #0:0: Invalid data found when processing input", true],
    ["[vist#0:0/h264 @ 0x1] [error] Error submitting packet to decoder: Invalid data found", true],
    ["[mpeg4 @ 0x5569] [error] Error at MB: 19", true],
    ["[mpeg2video @ 0x1] [error] ac-tex damaged at 3 4", true],
    ["[hevc @ 0x1] [error] The cu_qp_delta -77 is outside the valid range [-26, 25].", true],
    ["[hevc @ 0x1] [error] Could not find ref with POC 12", false],
    ["[h264 @ 0x1] [error] mmco: unref short failure", false],
    ["[mp4 @ 0x1] [warning] Timestamps are unset in a packet for stream 0", false],
    ["x265 [warning]: Source height < 720p; disabling lookahead-slices", false],
    ["a title: error while decoding", false],
  ];
  test.each(rows)("%s", (line, damaged) => {
    expect(read([line]).damage).toMatchObject(
      damaged ? { lines: 1, first: line } : { lines: 0, first: null },
    );
  });
});

test("a full disk", () => {
  expect(read(["[error] av_interleaved_write_frame(): No space left on device"]).disk_full).toBe(true);
  expect(read(["[error] av_interleaved_write_frame(): Input/output error"]).disk_full).toBe(false);
});

test("keeps only the end of what was said, but counts all of it", () => {
  const lines = Array.from({ length: 5000 }, (_, n) => `[h264 @ 0x1] [error] error while decoding MB ${n} 1`);
  const { tail, damage } = read(lines);
  expect(damage.lines).toBe(5000);
  expect(tail).toHaveLength(32 * 1024);
  expect(tail).toEndWith("MB 4999 1\n");
});

describe("a stream that broke off", () => {
  const rows: [string, boolean][] = [
    ["[http @ 0x55d] [warning] Will reconnect at 1048576 in 1 second(s), error=End of file.", true],
    ["[http @ 0x55d] Will reconnect at 1048576 in 1 second(s), error=End of file.", true],
    ["[http @ 0x55d] [warning] HTTP error 502 Bad Gateway", true],
    ["[http @ 0x55d] HTTP error 409 Conflict", true],
    ["[tcp @ 0x55d] [error] Connection to tcp://127.0.0.1:4999 failed: Connection refused", true],
    ["[http @ 0x55d] [error] Failed to reconnect at 7.", true],
    // Made again at once; what lies behind the end; what a film says.
    ["[http @ 0x55d] [warning] Will reconnect at 1048576 in 0 second(s), error=End of file.", false],
    ["[http @ 0x55d] [error] Stream ends prematurely at 5, should be 9", false],
    ["[http @ 0x55d] [warning] HTTP error 416 Range Not Satisfiable", false],
    ["    title           : [http @ 0x55d] HTTP error 502", false],
    ["[matroska,webm @ 0x55d] [error] HTTP error 502", false],
  ];
  test.each(rows)("%s: %s", (line, cut) => {
    expect(isCut(line)).toBe(cut);
    expect(read(["fine", line, line]).cut).toBe(cut ? line : null);
  });
});
