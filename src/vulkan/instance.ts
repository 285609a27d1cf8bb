import { VcError } from "../shared/errors.ts";
import { readStruct } from "./layout.ts";
import type { Loader, VulkanCall } from "./loader.ts";
import { allocate, list, place, placeText } from "./memory.ts";
import { hasMinor, resultName, versionName } from "./names.ts";
import { APPLICATION_INFO, EXTENSION_PROPERTIES, INSTANCE_CREATE_INFO } from "./structs.ts";

export type Instance = {
  loader_version: string;
  /** A function of this instance; throws where the loader has none of that name. */
  call(name: string, argumentCount: number): VulkanCall;
  /** The handles of the physical devices, in the order that every program sees them in. */
  listDevices(): bigint[] | { reason: "no_driver" | "refused"; message: string };
};

type Trouble = { reason: "no_driver" | "refused"; message: string };

/** vkCreateInstance's flag and extension without which a driver such as MoltenVK stays hidden. */
const ENUMERATE_PORTABILITY = { flag: 1, extension: "VK_KHR_portability_enumeration" };

/** Starts Vulkan, which loads every driver. */
export function createInstance(loader: Loader): Instance | Trouble {
  const version = loaderVersion(loader);
  if (!hasMinor(version, 1)) {
    const message = `the Vulkan loader ${loader.library} is version ${versionName(version)}; vc needs 1.1 or newer`;
    return { reason: "refused", message };
  }
  const created = allocate(8);
  const create = required(loader, 0n, "vkCreateInstance", 3);
  const result = create(createInfo(loader, version), 0n, created.address);
  if (result !== 0) return trouble("vkCreateInstance", result);
  const handle = created.view.getBigUint64(0, true);
  const call = (name: string, count: number) => required(loader, handle, name, count);
  return { loader_version: versionName(version), call, listDevices: () => listDevices(handle, call) };
}

/** What a loader is that has no vkEnumerateInstanceVersion. */
const VERSION_1_0 = 1 << 22;

function loaderVersion(loader: Loader): number {
  const ask = loader.find({ instance: 0n, name: "vkEnumerateInstanceVersion", arguments: 1 });
  const block = allocate(4);
  if (ask === null || ask(block.address) !== 0) return VERSION_1_0;
  return block.view.getUint32(0, true);
}

/** The address of a VkInstanceCreateInfo for the version that the loader has. */
function createInfo(loader: Loader, version: number): bigint {
  const application = place(APPLICATION_INFO, {
    pApplicationName: placeText("vc").address,
    apiVersion: version,
  });
  const portable = instanceExtensions(loader).includes(ENUMERATE_PORTABILITY.extension);
  const names = allocate(8);
  names.view.setBigUint64(0, placeText(ENUMERATE_PORTABILITY.extension).address, true);
  return place(INSTANCE_CREATE_INFO, {
    pApplicationInfo: application.address,
    ...(portable
      ? {
          flags: ENUMERATE_PORTABILITY.flag,
          enabledExtensionCount: 1,
          ppEnabledExtensionNames: names.address,
        }
      : {}),
  }).address;
}

function instanceExtensions(loader: Loader): string[] {
  const ask = required(loader, 0n, "vkEnumerateInstanceExtensionProperties", 3);
  const names = list({
    item_bytes: EXTENSION_PROPERTIES.size,
    ask: (count, items) => ask(0n, count, items),
    item: (view, start) => () => readStruct(EXTENSION_PROPERTIES, view, start).extensionName,
  });
  return typeof names === "number" ? [] : names;
}

function listDevices(handle: bigint, call: Instance["call"]): bigint[] | Trouble {
  const ask = call("vkEnumeratePhysicalDevices", 3);
  const devices = list({
    item_bytes: 8,
    ask: (count, items) => ask(handle, count, items),
    item: (view, start) => () => view.getBigUint64(start, true),
  });
  if (typeof devices === "number") return trouble("vkEnumeratePhysicalDevices", devices);
  if (devices.length === 0) return { reason: "no_driver", message: "no Vulkan driver reports a device" };
  return devices;
}

/** The loader answers so when it finds no driver, and when all that it finds fail. */
const WITHOUT_DRIVER = [-3, -9];

function trouble(call: string, result: number): Trouble {
  if (WITHOUT_DRIVER.includes(result)) {
    return { reason: "no_driver", message: `no working Vulkan driver was found (${resultName(result)})` };
  }
  return { reason: "refused", message: `${call} failed: ${resultName(result)}` };
}

function required(loader: Loader, instance: bigint, name: string, count: number): VulkanCall {
  const found = loader.find({ instance, name, arguments: count });
  if (found === null) throw new VcError("failed", `the Vulkan loader ${loader.library} has no ${name}`);
  return found;
}
