/** What ffmpeg said in one run: the end of it for people, and the signs of damage for the judge. */
export type FfmpegLog = {
  tail: string;
  /** Lines that say that something of the source could not be decoded or read, and the first of them. */
  damage: { lines: number; first: string | null };
  disk_full: boolean;
};

/** `-loglevel level` puts the level into each line, after the name of the part of ffmpeg that speaks. */
export function createLog(): { read(line: string): void; result(): FfmpegLog } {
  let tail = "";
  let lines = 0;
  let first: string | null = null;
  let disk_full = false;
  return {
    read(line) {
      tail = `${tail}${line}\n`.slice(-TAIL_LENGTH);
      disk_full ||= /No space left on device|Disk quota exceeded|There is not enough space/i.test(line);
      if (!isDamage(line)) return;
      lines += 1;
      first ??= line;
    },
    result: () => ({ tail, damage: { lines, first }, disk_full }),
  };
}

/** An attempt's report holds the last 32 kB. */
const TAIL_LENGTH = 32 * 1024;

/**
 * Seen from ffmpeg 5.1 and 9 on films cut off, with holes, and with bytes changed. Complaints that good films cause
 * as well (references in open GOPs, missing timestamps) are not among them.
 */
const DAMAGE = [
  /error while decoding/i,
  /corrupt decoded frame/i,
  /corrupt input packet/i,
  /File ended prematurely/i,
  /partial file/i,
  /Error submitting packet to decoder/i,
  /Invalid NAL unit size/i,
  /concealing \d+ DC/i,
  /decode_slice_header error/i,
  /Invalid data found when processing input/i,
  /EBML number/,
  /exceeds containing master element/,
];

function isDamage(line: string): boolean {
  return /\[(?:warning|error|fatal)\]/.test(line) && DAMAGE.some((pattern) => pattern.test(line));
}
