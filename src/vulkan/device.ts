import type { QueueFamily, VulkanDevice } from "./devices.ts";
import type { Instance } from "./instance.ts";
import { readStruct, writeStruct } from "./layout.ts";
import { list, place } from "./memory.ts";
import * as names from "./names.ts";
import { operationNames } from "./profiles.ts";
import * as structs from "./structs.ts";
import { askVideo } from "./video.ts";

type Of = { instance: Instance; device: bigint };

/** Everything about one physical device. `tell` hears what is asked next: a driver may die of the question. */
export function inspectDevice(of: Of & { index: number; tell: (step: string) => void }): VulkanDevice {
  const { index, tell } = of;
  tell(`asking device ${index} for its properties`);
  const extensions = listExtensions(of);
  const basic = readBasic(of);
  const { driver, ...details } = readDetails({ ...of, extensions, api_version: basic.apiVersion });
  const version = names.driverVersionName({
    version: basic.driverVersion,
    driver_id: driver.id,
    vendor_id: basic.vendorID,
  });
  tell(`asking ${basic.deviceName} for its queues`);
  const queue_families = listFamilies({ ...of, video: extensions.has("VK_KHR_video_queue") });
  return {
    index,
    name: basic.deviceName,
    type: names.DEVICE_TYPES[basic.deviceType] ?? "other",
    vendor_id: basic.vendorID,
    device_id: basic.deviceID,
    api_version: names.versionName(basic.apiVersion),
    driver: { ...driver, version },
    ...details,
    queue_families,
    video: askVideo({ ...of, extensions, tell: (what) => tell(`asking ${basic.deviceName} about ${what}`) }),
  };
}

/** The names of the device's extensions; empty where the driver refuses to list them. */
function listExtensions({ instance, device }: Of): Set<string> {
  const ask = instance.call("vkEnumerateDeviceExtensionProperties", 4);
  const found = list({
    item_bytes: structs.EXTENSION_PROPERTIES.size,
    ask: (count, items) => ask(device, 0n, count, items),
    item: (view, start) => () => readStruct(structs.EXTENSION_PROPERTIES, view, start).extensionName,
  });
  return new Set(typeof found === "number" ? [] : found);
}

function readBasic({ instance, device }: Of) {
  const properties = place(structs.PHYSICAL_DEVICE_PROPERTIES, {});
  instance.call("vkGetPhysicalDeviceProperties", 2)(device, properties.address);
  return properties.read();
}

type Details = Pick<VulkanDevice, "uuid" | "driver_uuid" | "pci_address"> & {
  driver: Omit<VulkanDevice["driver"], "version">;
};

const NOTHING_MORE: Details = {
  uuid: null,
  driver_uuid: null,
  pci_address: null,
  driver: { id: null, name: null, info: null },
};

/** What chained structures tell. Each is asked for only where the device's version or an extension has it. */
function readDetails(of: Of & { extensions: Set<string>; api_version: number }): Details {
  const { extensions } = of;
  if (!names.hasMinor(of.api_version, 1)) return NOTHING_MORE;
  const pci = extensions.has("VK_EXT_pci_bus_info") ? place(structs.PCI_BUS_INFO, {}) : null;
  const driver =
    names.hasMinor(of.api_version, 2) || extensions.has("VK_KHR_driver_properties")
      ? place(structs.DRIVER_PROPERTIES, { pNext: pci?.address ?? 0n })
      : null;
  const ids = place(structs.ID_PROPERTIES, { pNext: driver?.address ?? pci?.address ?? 0n });
  const all = place(structs.PHYSICAL_DEVICE_PROPERTIES_2, { pNext: ids.address });
  of.instance.call("vkGetPhysicalDeviceProperties2", 2)(of.device, all.address);
  const { deviceUUID, driverUUID } = ids.read();
  const told = driver?.read();
  return {
    uuid: names.uuidName(deviceUUID),
    driver_uuid: names.uuidName(driverUUID),
    pci_address: pci === null ? null : names.pciName(pci.read()),
    driver:
      told === undefined
        ? NOTHING_MORE.driver
        : { id: told.driverID, name: told.driverName, info: told.driverInfo },
  };
}

function listFamilies(of: Of & { video: boolean }): QueueFamily[] {
  const layout = structs.QUEUE_FAMILY_PROPERTIES_2;
  const ask = of.instance.call("vkGetPhysicalDeviceQueueFamilyProperties2", 3);
  const families = list({
    item_bytes: layout.size,
    ask: (count, items) => {
      ask(of.device, count, items);
      return 0;
    },
    item: (view, start) => {
      const video = of.video ? place(structs.QUEUE_FAMILY_VIDEO_PROPERTIES, {}) : null;
      writeStruct({ layout, view, start, given: { pNext: video?.address ?? 0n } });
      return () => {
        const read = readStruct(layout, view, start);
        return {
          queues: read["queueFamilyProperties.queueCount"],
          flags: names.namesOf(read["queueFamilyProperties.queueFlags"], names.QUEUE_FLAGS),
          video: operationNames(video?.read().videoCodecOperations ?? 0),
        };
      };
    },
  });
  return typeof families === "number" ? [] : families;
}
