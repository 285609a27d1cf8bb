/** What nvidia-smi and the files of Linux's GPU drivers say, as figures. Percentages are 0 to 100; null: not known. */

/** The load of an NVIDIA GPU, whose `uuid` looks like `GPU-c85bc011-8630-41ed-fa1e-9899527916de`. */
export type NvidiaLoad = { uuid: string; pci_address: string; usage: number | null };

/**
 * Lines of `uuid, pci.bus_id, utilization.*` of any number, without head and units, such as
 * `GPU-c85bc011-..., 00000000:65:00.0, 12, 0, 87`. A figure that is not told is a word in brackets, such as `[N/A]`
 * (all of them while a GPU is split up by MIG). Films keep the decoder busy while the cores sleep: the load is that
 * of the busiest part. Lines that are something else are passed over.
 */
export function parseNvidiaLoads(text: string): NvidiaLoad[] {
  return text.split("\n").flatMap((line) => {
    const [uuid = "", pci_address = "", ...parts] = line.split(",").map((part) => part.trim());
    if (!/^GPU-[0-9a-f-]{36}$/i.test(uuid) || parts.length === 0) return [];
    return [{ uuid, pci_address, usage: highest(parts.map(parsePercent)) }];
  });
}

/** Whether it is this device, by its place on the bus, or by its UUID where that is not known. */
export function isSameGpu(load: NvidiaLoad, gpu: { id: string; pci_address: string | null }): boolean {
  const place = gpu.pci_address === null ? null : pciPlace(gpu.pci_address);
  if (place !== null) return pciPlace(load.pci_address) === place;
  return plainUuid(load.uuid) === plainUuid(gpu.id);
}

/** `0000:65:00.0` of `00000000:65:00.0`: nvidia-smi writes the domain with eight digits, Linux with four or more. */
export function pciPlace(address: string): string | null {
  const match = /^([0-9a-f]{4,8})(:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(address);
  if (match?.[1] === undefined) return null;
  const domain = Number.parseInt(match[1], 16).toString(16).padStart(4, "0");
  return `${domain}${match[2]}`.toLowerCase();
}

function plainUuid(uuid: string): string {
  return uuid.replace(/^GPU-/i, "").replaceAll("-", "").toLowerCase();
}

/** `42` with or without a line's end. */
export function parsePercent(text: string): number | null {
  const value = parseCounter(text);
  return value === null || value > 100 ? null : value;
}

/** A whole number, such as milliseconds that a counter has gathered. */
export function parseCounter(text: string): number | null {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}

/** The largest of those that are known. */
export function highest(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Milliseconds that each part of a GPU has slept, by its file's name, and when that was read, on any steady clock. */
export type IdleTimes = { idle_ms: ReadonlyMap<string, number>; at_ms: number };

/**
 * How busy the busiest part was between two looks. A counter that stands at 0 counts nothing (the sleep is switched
 * off), and one that went back was begun anew meanwhile: both say nothing.
 */
export function busyBetween(before: IdleTimes, now: IdleTimes): number | null {
  const passed_ms = now.at_ms - before.at_ms;
  const busy = [...now.idle_ms].map(([part, idle_ms]) => {
    const slept_ms = idle_ms - (before.idle_ms.get(part) ?? Number.POSITIVE_INFINITY);
    if (idle_ms === 0 || slept_ms < 0 || passed_ms <= 0) return null;
    return 100 * Math.max(0, 1 - slept_ms / passed_ms);
  });
  return highest(busy);
}
