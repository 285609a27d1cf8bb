/** What ffmpeg said in one run: the end of it for people, and the signs of damage for the judge. */
export type FfmpegLog = {
  tail: string;
  damage: Damage;
  disk_full: boolean;
  /** The first line that says that the source's stream broke off; null for none. */
  cut: string | null;
};

export type Damage = {
  /** Lines that say that something of the source could not be decoded or read, and the first of them. */
  lines: number;
  first: string | null;
  /** Pictures that came out, but not whole. */
  corrupt_pictures: number;
  /** Packets that no decoder took, by stream. */
  undecoded: Record<number, number>;
  /** Places where the container itself is broken. */
  container: number;
};

/** `-loglevel level` puts the level into each line, after the name of the part of ffmpeg that speaks. */
export function createLog(): { read(line: string): void; result(): FfmpegLog } {
  let tail = "";
  const damage: Damage = { lines: 0, first: null, corrupt_pictures: 0, undecoded: {}, container: 0 };
  let disk_full = false;
  let cut: string | null = null;
  return {
    read(line) {
      tail = `${tail}${line}\n`.slice(-TAIL_LENGTH);
      disk_full ||= /No space left on device|Disk quota exceeded|There is not enough space/i.test(line);
      if (isCut(line)) cut ??= line;
      if (!isDamage(line)) return;
      damage.lines += 1;
      damage.first ??= line;
      if (/corrupt decoded frame/i.test(line)) damage.corrupt_pictures += 1;
      if (CONTAINER.some((pattern) => pattern.test(line))) damage.container += 1;
      const stream = UNDECODED.exec(line);
      if (stream === null) return;
      const index = Number(stream[1] ?? stream[2]);
      damage.undecoded[index] = (damage.undecoded[index] ?? 0) + 1;
    },
    result: () => ({ tail, damage, disk_full, cut }),
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
  /Error submitting packet to decoder/i,
  /Invalid NAL unit size/i,
  /concealing \d+ DC/i,
  /decode_slice_header error/i,
  /Invalid data found when processing input/i,
  // MPEG-4, MPEG-2, HEVC and VP9.
  /Error at MB|(?:ac-tex|cbpy|mcbpc|header|incr) damaged|texture corrupted|invalid (?:mb type|cbp) in/i,
  /cu_qp_delta|CABAC_MAX_BIN|Not all references are available/,
];
const CONTAINER = [
  /corrupt input packet/i,
  /File ended prematurely/i,
  /partial file/i,
  /EBML number/,
  /exceeds containing master element/,
];
/** A piece of the file belongs to a track that it does not have: the piece is lost, or the track was taken out of the list. */
const STRAY = /Invalid track number/;
/** As ffmpeg 5 and 6 say it, and as 7 and later do. */
const UNDECODED =
  /Error while decoding stream #0:(\d+)|\[[a-z]ist#0:(\d+).*(?:Error submitting packet to decoder|Error decoding subtitles)/;

/**
 * Whether a line says that a stream could not be read on. A connection that broke is made again at once, which is no harm;
 * only when that failed, ffmpeg waits before the next time. What lies behind the film's end is 416: a file that is cut
 * off names such places, and is judged by what can be read of it.
 */
export function isCut(line: string): boolean {
  return CUT.test(line);
}

const CUT =
  /^\[(?:http|tcp) @ [^\]]*\] .*(?:Will reconnect at \d+ in [1-9]\d* second|Failed to reconnect|HTTP error (?!416)|Connection .*failed)/;

/** Whether a line of any form says that a picture could not be decoded whole. */
export function isPictureDamage(line: string): boolean {
  return DAMAGE.some((pattern) => pattern.test(line));
}

function isDamage(line: string): boolean {
  return (
    /\[(?:warning|error|fatal)\]/.test(line) &&
    (isPictureDamage(line) || STRAY.test(line) || CONTAINER.some((pattern) => pattern.test(line)))
  );
}
