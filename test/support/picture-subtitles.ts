/**
 * A file of Blu-ray subtitles (PGS) that shows a white bar during each of the given times, in seconds, over pictures of
 * 64x64. By the segments of "US 7620297 B2": ffmpeg has no encoder for them.
 */
export function makePgs(shown: { start_s: number; end_s: number }[]): Uint8Array {
  const window = [1, 0, ...two(8), ...two(48), ...two(BAR.width), ...two(BAR.height)];
  const row = [0, 0x80 | BAR.width, 1, 0, 0];
  const rows = Array.from({ length: BAR.height }, () => row).flat();
  const object = [
    ...two(0),
    0,
    0xc0,
    ...three(rows.length + 4),
    ...two(BAR.width),
    ...two(BAR.height),
    ...rows,
  ];
  const bytes = shown.flatMap(({ start_s, end_s }, n) => [
    ...segment(start_s, 0x16, composition(2 * n, 0x80, [0, 0, 0, 0, ...two(8), ...two(48)])),
    ...segment(start_s, 0x17, window),
    ...segment(start_s, 0x14, [0, 0, 1, 235, 128, 128, 255]),
    ...segment(start_s, 0x15, object),
    ...segment(start_s, 0x80, []),
    ...segment(end_s, 0x16, composition(2 * n + 1, 0, [])),
    ...segment(end_s, 0x17, window),
    ...segment(end_s, 0x80, []),
  ]);
  return new Uint8Array(bytes);
}

const BAR = { width: 16, height: 8 };

function composition(number: number, state: number, object: number[]): number[] {
  return [...two(64), ...two(64), 0x10, ...two(number), state, 0, 0, object.length > 0 ? 1 : 0, ...object];
}

function segment(time_s: number, type: number, body: number[]): number[] {
  const time = Math.round(time_s * 90_000);
  return [
    0x50,
    0x47,
    ...two(time >>> 16),
    ...two(time & 0xffff),
    0,
    0,
    0,
    0,
    type,
    ...two(body.length),
    ...body,
  ];
}

function two(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

function three(value: number): number[] {
  return [(value >> 16) & 255, ...two(value)];
}
