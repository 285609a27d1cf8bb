import * as v from "valibot";
import { type Gpu, type GpuFact, Rate, Suspect } from "../../shared/gpu.ts";

/** What a machine has learned about its GPUs from films. Times are milliseconds since 1970, so that it outlives a restart. */
export const GpuMemory = v.object({
  /** What all this was learned with: another ffmpeg may do better. The driver is part of each rung. */
  ffmpeg: v.string(),
  suspects: v.array(v.object({ ...Suspect.entries, times: v.number(), until_ms: v.number() })),
  rates: v.array(v.object({ ...Rate.entries, measured_ms: v.number() })),
  devices: v.array(
    v.object({
      device: v.string(),
      /** Attempts in a row in which it failed and made no film. */
      failed: v.number(),
      why: v.string(),
      parked_until_ms: v.number(),
    }),
  ),
});
export type GpuMemory = v.InferOutput<typeof GpuMemory>;

export function emptyMemory(ffmpeg: string): GpuMemory {
  return { ffmpeg, suspects: [], rates: [], devices: [] };
}

/** The rungs that are not tried now. One whose cool-down is over is tried again, and remembered until it made a film. */
export function suspectsAt(memory: GpuMemory, now_ms: number): Suspect[] {
  return memory.suspects
    .filter(({ until_ms }) => isAhead(until_ms, now_ms))
    .map(({ rung, why, until_ms }) => ({ rung, why: `${why} (tried again ${inTime(until_ms - now_ms)})` }));
}

/** What was measured lately: the machine may have been busy then, and may be another by now. */
export function ratesAt(memory: GpuMemory, now_ms: number): Rate[] {
  return memory.rates
    .filter(({ measured_ms }) => measured_ms <= now_ms && now_ms - measured_ms < RATE_AGE_MS)
    .map(({ measured_ms, ...rate }) => rate);
}

/** Takes in one fact of an attempt. */
export function learn(memory: GpuMemory, fact: GpuFact, now_ms: number): GpuMemory {
  if (fact.type === "unused" || fact.type === "measured") return memory;
  const suspects = (rung: string) => memory.suspects.filter((one) => one.rung !== rung);
  if (fact.type === "proven") return { ...memory, suspects: suspects(fact.rung) };
  if (fact.type === "rate") {
    const { rung, preset, kind } = fact.rate;
    const is = (one: Rate) => one.rung === rung && one.preset === preset && one.kind === kind;
    const others = memory.rates.filter((one) => !is(one));
    return { ...memory, rates: [...others, { ...fact.rate, measured_ms: now_ms }].slice(-MOST_KEPT) };
  }
  const { rung, why } = fact.suspect;
  const before = memory.suspects.find((one) => one.rung === rung);
  // Films that ran side by side tell of one failure.
  if (before !== undefined && isAhead(before.until_ms, now_ms)) return memory;
  const times = (before?.times ?? 0) + 1;
  const until_ms = now_ms + Math.min(LONGEST_COOL_DOWN_MS, COOL_DOWN_MS * 2 ** (times - 1));
  return { ...memory, suspects: [...suspects(rung), { rung, why, times, until_ms }].slice(-MOST_KEPT) };
}

/** How a device did in one attempt: `failed` is why it failed, or null; `made_film` whether a film came of it anyway. */
export function attemptEnded(
  memory: GpuMemory,
  of: { device: string; failed: string | null; made_film: boolean },
  now_ms: number,
): GpuMemory {
  const others = memory.devices.filter(({ device }) => device !== of.device);
  if (of.made_film) return { ...memory, devices: others };
  if (of.failed === null) return memory;
  const failed = (memory.devices.find(({ device }) => device === of.device)?.failed ?? 0) + 1;
  const parked_until_ms = failed >= FAILURES_TO_PARK ? now_ms + PARKED_MS : 0;
  const now = { device: of.device, failed, why: of.failed, parked_until_ms };
  return { ...memory, devices: [...others, now].slice(-MOST_KEPT) };
}

/** How a device stands; `problem` is one sentence, null where all is well. */
export function standingOf(
  memory: GpuMemory,
  device: string,
  now_ms: number,
): { state: "ok" | "failing" | "parked"; problem: string | null } {
  const known = memory.devices.find((one) => one.device === device);
  if (known === undefined) return withoutSuspects(memory, device, now_ms);
  const films = `it failed in ${known.failed} ${known.failed === 1 ? "film" : "films in a row"}, the last time: ${known.why}`;
  if (!isAhead(known.parked_until_ms, now_ms)) return { state: "failing", problem: films };
  return {
    state: "parked",
    problem: `parked (tried again ${inTime(known.parked_until_ms - now_ms)}): ${films}`,
  };
}

/** It makes films, though not in every way. */
function withoutSuspects(memory: GpuMemory, device: string, now_ms: number): ReturnType<typeof standingOf> {
  const own = suspectsAt(memory, now_ms).filter(({ rung }) => rung.startsWith(`${device}: `));
  if (own.length === 0) return { state: "ok", problem: null };
  const ways = own.map(({ rung, why }) => `${rung.slice(device.length + 2)}: ${why}`);
  return { state: "failing", problem: `left alone for now: ${ways.join("; ")}` };
}

/** The name of a device in this memory: another driver makes another device of it. */
export function deviceKey({ id, driver }: Pick<Gpu, "id" | "driver">): string {
  return `${id} (${driver})`;
}

const MINUTE_MS = 60_000;
const COOL_DOWN_MS = 60 * MINUTE_MS;
const LONGEST_COOL_DOWN_MS = 24 * COOL_DOWN_MS;
const FAILURES_TO_PARK = 3;
const PARKED_MS = 30 * MINUTE_MS;
const RATE_AGE_MS = 7 * LONGEST_COOL_DOWN_MS;
/** More are of drivers long gone. */
const MOST_KEPT = 500;

/** A clock that was set back must not put a device away for years. */
function isAhead(until_ms: number, now_ms: number): boolean {
  return until_ms > now_ms && until_ms - now_ms <= LONGEST_COOL_DOWN_MS;
}

function inTime(left_ms: number): string {
  const minutes = Math.ceil(left_ms / MINUTE_MS);
  return minutes < 120 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`;
}
