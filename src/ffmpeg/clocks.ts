/**
 * The clock of a program stream (SCR of each pack) or of a transport stream (PCR, by its PID): where it stands in the file,
 * in 1/90000 s, in 33 bits. `table`: where a transport stream lists its programs, as it does at its beginning; `payload`:
 * where a picture or a sound begins without telling the clock.
 */
export type Tick =
  | { at: number; kind: "clock"; clock: number; ticks: number }
  | { at: number; kind: "table" | "payload" };

/** 188 bytes; 192 on Blu-rays and in camcorders; 204 with the air's own error correction. `ps`: a program stream. */
export type Multiplex = "ps" | 188 | 192 | 204;

/** How a file is multiplexed, by its first bytes; null if they show no clock. */
export function multiplexOf(head: Buffer): Multiplex | null {
  const sizes = [188, 192, 204] as const;
  const found = sizes.find((size) => firstPacket(head, size) !== null);
  if (found !== undefined) return found;
  return packAt(head, 0) === null ? null : "ps";
}

/** The clocks in a piece of a file, in order; `at` counts from `from`. `rest`: from where on the piece tells no more by itself. */
export function readTicks(
  bytes: Buffer,
  multiplex: Multiplex,
  from: number,
): { ticks: Tick[]; rest: number } {
  return multiplex === "ps" ? readPacks(bytes, from) : readPackets(bytes, multiplex, from);
}

/** ISO 13818-1, 2.5.3.4: a pack header, and the longest stuffing behind it. */
const PACK = Buffer.from([0, 0, 1, 0xba]);
const PACK_BYTES = 14 + 7 + 4;

function readPacks(bytes: Buffer, from: number): { ticks: Tick[]; rest: number } {
  const ticks: Tick[] = [];
  for (let at = bytes.indexOf(PACK); at >= 0; at = bytes.indexOf(PACK, at + PACK.length)) {
    if (at + PACK_BYTES > bytes.length) return { ticks, rest: at };
    const clock = packAt(bytes, at);
    if (clock !== null) ticks.push({ kind: "clock", at: from + at, clock: 0, ticks: clock });
  }
  return { ticks, rest: Math.max(0, bytes.length - PACK.length + 1) };
}

/** The clock of a pack; null where none begins. Sound that is not packed may hold the four bytes by chance: marks and the next start code tell. */
function packAt(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + PACK_BYTES || bytes.readUInt32BE(at) !== 0x1ba) return null;
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = bytes.subarray(at + 4, at + 9);
  if ((a & 0xc4) === 0x44 && (c & 4) !== 0 && (e & 4) !== 0) {
    const next = at + 14 + ((bytes[at + 13] ?? 0) & 7);
    if (bytes.readUIntBE(next, 3) !== 1) return null;
    const high = ((a & 0x38) >> 1) | (a & 3);
    return high * 2 ** 28 + (b << 20) + ((((c & 0xf8) >> 1) | (c & 3)) << 13) + (d << 5) + (e >> 3);
  }
  // MPEG-1 (ISO 11172-1, 2.4.3.2).
  if ((a & 0xf1) !== 0x21 || (c & 1) === 0 || (e & 1) === 0 || bytes.readUIntBE(at + 12, 3) !== 1)
    return null;
  return ((a >> 1) & 7) * 2 ** 30 + (b << 22) + ((c >> 1) << 15) + (d << 7) + (e >> 1);
}

const SYNC = 0x47;

function readPackets(
  bytes: Buffer,
  size: Exclude<Multiplex, "ps">,
  from: number,
): { ticks: Tick[]; rest: number } {
  const ticks: Tick[] = [];
  let at = firstPacket(bytes, size) ?? bytes.length;
  while (at + size <= bytes.length) {
    if (bytes[at] !== SYNC) {
      const again = firstPacket(bytes.subarray(at), size);
      if (again === null) return { ticks, rest: at };
      at += again;
      continue;
    }
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    const clock = clockIn(bytes, at);
    if (clock !== null) ticks.push({ kind: "clock", at: from + at, clock: pid, ticks: clock });
    else if (pid === 0) ticks.push({ kind: "table", at: from + at });
    else if (beginsPayload(bytes, at)) ticks.push({ kind: "payload", at: from + at });
    at += size;
  }
  return { ticks, rest: Math.min(at, bytes.length) };
}

/** Where packets begin: three in a row, each with its mark; fewer at a file's end. */
function firstPacket(bytes: Buffer, size: number): number | null {
  if (bytes[0] === SYNC && bytes.length <= 2 * size) return 0;
  for (let at = bytes.indexOf(SYNC); at >= 0; at = bytes.indexOf(SYNC, at + 1)) {
    if (at + 2 * size >= bytes.length) return null;
    if (bytes[at + size] === SYNC && bytes[at + 2 * size] === SYNC) return at;
  }
  return null;
}

/** ISO 13818-1, 2.4.3.4: an adaptation field with a PCR, whose last bits count 27 MHz. */
function clockIn(bytes: Buffer, at: number): number | null {
  const control = bytes[at + 3] ?? 0;
  if ((control & 0x20) === 0 || (bytes[at + 4] ?? 0) < 7 || ((bytes[at + 5] ?? 0) & 0x10) === 0) return null;
  return bytes.readUInt32BE(at + 6) * 2 + ((bytes[at + 10] ?? 0) >> 7);
}

/** ISO 13818-1, 2.4.3.6: a packet that says so, with a start code. */
function beginsPayload(bytes: Buffer, at: number): boolean {
  if (((bytes[at + 1] ?? 0) & 0x40) === 0) return false;
  const control = bytes[at + 3] ?? 0;
  const start = at + 4 + ((control & 0x20) === 0 ? 0 : 1 + (bytes[at + 4] ?? 0));
  return start + 3 <= bytes.length && bytes.readUIntBE(start, 3) === 1;
}

/**
 * A place in the file at which its clock starts anew. `whole`: a film of its own begins there, as at a file's beginning;
 * `lasts_s`: by the new clock, up to the next restart.
 */
export type Restart = { at: number; jump_s: number; whole: boolean; lasts_s: number };

/** Takes the clocks of a whole file in order, and tells where one starts anew. */
export function createRestarts(): { add(tick: Tick): void; result(): Restart[] } {
  const restarts: Restart[] = [];
  let last = new Map<number, number>();
  let table_at: number | null = null;
  return {
    add(tick) {
      if (tick.kind !== "clock") {
        // What stands between the table and the new clock belongs to the part before.
        table_at = tick.kind === "table" ? tick.at : null;
        return;
      }
      const before = last.get(tick.clock);
      const step_s = before === undefined ? 0 : secondsFrom(before, tick.ticks);
      const now = restarts.at(-1);
      if (isJump(step_s)) {
        // A program stream's pack stands for itself; a transport stream's part begins with the table of its programs.
        const whole = tick.clock === 0 || table_at !== null;
        restarts.push({ at: table_at ?? tick.at, jump_s: step_s, whole, lasts_s: 0 });
        last = new Map();
      } else if (now !== undefined) now.lasts_s += step_s;
      last.set(tick.clock, tick.ticks);
      table_at = null;
    },
    result: () => restarts,
  };
}

/** From one moment of a clock to another. It has 33 bits, and wraps around. */
function secondsFrom(before: number, now: number): number {
  const step = (now - before + WRAP) % WRAP;
  return (step > WRAP / 2 ? step - WRAP : step) / TICKS_A_SECOND;
}

function isJump(step_s: number): boolean {
  return step_s < -BACK_S || step_s > GAP_S;
}

const TICKS_A_SECOND = 90_000;
const WRAP = 2 ** 33;
/** Shorter ones are holes in a recording. ffmpeg, too, takes only longer ones for another clock (dts_delta_threshold). */
const GAP_S = 10;
/** As ffmpeg: within one clock no more is ever taken back. */
const BACK_S = 0.1;

/**
 * Whether a clock that was read here and there, at even distances in the file, may have started anew in between: it went
 * back, or ahead much more than it does elsewhere. It may all the same where it did not.
 */
export function mayRestart(samples: Tick[][]): boolean {
  const clocks = new Map<number, number[]>();
  for (const ticks of samples) {
    for (const tick of firstOfEach(ticks))
      clocks.set(tick.clock, [...(clocks.get(tick.clock) ?? []), tick.ticks]);
  }
  return [...clocks.values()].some((times) => {
    const steps_s = times.slice(1).map((now, n) => secondsFrom(times[n] ?? now, now));
    const middle_s = steps_s.toSorted((a, b) => a - b)[Math.floor(steps_s.length / 2)] ?? 0;
    return steps_s.some((step_s) => step_s < -BACK_S || step_s > GAP_S + MUCH * middle_s);
  });
}

/** Bit rates differ within a film: stills take a tenth of what is lively. */
const MUCH = 8;

function firstOfEach(ticks: Tick[]) {
  const clocks = ticks.filter((tick) => tick.kind === "clock");
  return clocks.filter((tick, n) => clocks.findIndex(({ clock }) => clock === tick.clock) === n);
}
