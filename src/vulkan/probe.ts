import { VcError } from "../shared/errors.ts";
import { inspectDevice } from "./device.ts";
import type { VulkanProbe } from "./devices.ts";
import { createInstance } from "./instance.ts";
import { openLoader } from "./loader.ts";

/**
 * Asks the system's Vulkan drivers what they are and what they offer, in this process: a broken driver ends or
 * stops it. `tell` hears each step before it is taken.
 */
export function probeHere(tell: (step: string) => void): VulkanProbe {
  try {
    return probe(tell);
  } catch (error) {
    if (!(error instanceof VcError)) throw error;
    return { available: false, reason: "refused", message: error.message };
  }
}

function probe(tell: (step: string) => void): VulkanProbe {
  tell("opening the Vulkan loader");
  const loader = openLoader();
  if ("trouble" in loader) {
    const message = `no Vulkan loader was found (${loader.trouble})`;
    return { available: false, reason: "no_loader", message };
  }
  tell("starting the drivers");
  const instance = createInstance(loader);
  if ("reason" in instance) return { available: false, ...instance };
  tell("listing the devices");
  const devices = instance.listDevices();
  if ("reason" in devices) return { available: false, ...devices };
  return {
    available: true,
    loader: loader.library,
    loader_version: instance.loader_version,
    devices: devices.map((device, index) => inspectDevice({ instance, device, index, tell })),
  };
}
