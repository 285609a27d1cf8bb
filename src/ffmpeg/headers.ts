/**
 * Reads what ffmpeg's muxer framecrc lists of a stream's headers, a line for each: `0, 39600, 43200, 3600, 12, 0x154d04a8`,
 * which are the stream, the times of decoding and showing in units of `#tb`, a duration, a size in bytes, and a sum. `read` says
 * whether a line is of such a list, or a complaint of those who make it, which says nothing of the film. `changes_s`: a place in
 * each kind of header, where there are several; `changes`: how often they change.
 */
export function createHeaders(): { read(line: string): boolean; changes_s(): number[]; changes(): number } {
  const seen = new Map<string, number>();
  let last: string | null = null;
  let sure: string | null = null;
  let changes = 0;
  let unit_s = 1 / 90_000;
  return {
    read(line) {
      const header = HEADER.exec(line);
      if (header === null) {
        const [, num, den] = UNIT.exec(line) ?? [];
        if (num !== undefined && den !== undefined) unit_s = Number(num) / Number(den);
        return OTHERS.test(line);
      }
      const [, decoded = "", shown = "", told = ""] = header;
      const time = Number(shown) || Number(decoded);
      // One alone is damage. The second one lies well within what it tells of.
      const again = last === told && !seen.has(told) && seen.size < MOST && Number.isFinite(time);
      if (again) seen.set(told, time * unit_s);
      if (last === told && sure !== told) {
        if (sure !== null) changes += 1;
        sure = told;
      }
      last = told;
      return true;
    },
    changes: () => changes,
    changes_s: () => (seen.size < 2 ? [] : [...seen.values()]),
  };
}

/** Places that are worth a look. */
const MOST = 30;
const HEADER = /^0, +(-?\d+|NOPTS), +(-?\d+|NOPTS), +-?\d+, +(\d+, 0x[0-9a-f]{8})/;
const UNIT = /^#tb 0: (\d+)\/(\d+)/;
const OTHERS =
  /^#(?:tb|extradata|media_type|codec_id|dimensions|sar) 0: |^#software: |^\[(?:filter_units|framecrc|vost#1|out#1|ost#1)|output stream 1:0/;
