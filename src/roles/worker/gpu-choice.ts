import type { Capabilities } from "../../shared/capabilities.ts";
import type { Gpu } from "../../shared/gpu.ts";

export type GpuWishes = { use_vulkan: boolean | "auto"; preferred_device: string };

/**
 * Whether `vulkan.preferred_device` names this device: its index where it is digits, else its id (the UUID) or any
 * part of its name, without regard to case. `auto` names none.
 */
export function isNamed(preferred: string, device: Pick<Gpu, "id" | "index" | "name">): boolean {
  if (preferred === "auto") return false;
  if (/^\d+$/.test(preferred)) return device.index === Number(preferred);
  const wanted = preferred.toLowerCase();
  return device.id.toLowerCase() === wanted || device.name.toLowerCase().includes(wanted);
}

/** The Gpus that films may be given; `why` says in one sentence why there is none, and is null where there is one. */
export function usableGpus(
  { gpus, encoders }: Pick<Capabilities, "gpus" | "encoders">,
  { use_vulkan, preferred_device }: GpuWishes,
): { gpus: Gpu[]; why: string | null } {
  if (use_vulkan === false) return none("ffmpeg.use_vulkan is false");
  if (gpus.length === 0) return none("Vulkan shows no GPU on this machine");
  const auto = preferred_device === "auto";
  const chosen = gpus.filter((gpu) => (auto ? gpu.type !== "cpu" : isNamed(preferred_device, gpu)));
  if (chosen.length === 0 && auto) {
    return none(
      `Vulkan shows only ${list(gpus)}, which computes on the CPU; vulkan.preferred_device can name it`,
    );
  }
  if (chosen.length === 0) {
    return none(
      `no device is called "${preferred_device}" (vulkan.preferred_device); there are: ${list(gpus)}`,
    );
  }
  const able = chosen.filter(
    ({ id, decode, scale }) =>
      decode.length > 0 || scale.length > 0 || encoders.some(({ device }) => device === id),
  );
  if (able.length > 0) return { gpus: able, why: null };
  return none(`nothing that was tried on ${list(chosen)} worked; \`vc detect\` says what and why`);
}

/**
 * The Gpu for the next film: the one with most free slots, the lowest index first; or why there is none. `used` are
 * the films on each now, by id; `parked` says why a Gpu gets none.
 */
export function chooseGpu(of: {
  usable: readonly Gpu[];
  slots: number;
  used: ReadonlyMap<string, number>;
  parked: (gpu: Gpu) => string | null;
}): { gpu: Gpu } | { why: string } {
  const whys = of.usable.flatMap((gpu) => of.parked(gpu) ?? []);
  const ready = of.usable.filter((gpu) => of.parked(gpu) === null);
  const count = ({ id }: Gpu) => of.used.get(id) ?? 0;
  const [best] = ready.toSorted((a, b) => count(a) - count(b) || a.index - b.index);
  if (best !== undefined && count(best) < of.slots) return { gpu: best };
  const full = `all ${ready.length * of.slots} slots (vulkan.slots_per_device) of ${list(ready)} are taken`;
  return { why: [...whys, ...(ready.length > 0 ? [full] : [])].join("; ") };
}

function none(why: string): { gpus: Gpu[]; why: string } {
  return { gpus: [], why };
}

function list(gpus: readonly Gpu[]): string {
  return gpus.map(({ name, index }) => `${name} (${index})`).join(", ");
}
