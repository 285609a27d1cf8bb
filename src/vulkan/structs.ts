import { chained, struct } from "./layout.ts";

/**
 * The structures of Vulkan that the probe uses, member for member as in vulkan_core.h; the numbers are those of
 * VkStructureType. The sizes of texts and arrays are VK_MAX_EXTENSION_NAME_SIZE, VK_UUID_SIZE and the like.
 */

export const APPLICATION_INFO = chained("VkApplicationInfo", 0, {
  pApplicationName: "pointer",
  applicationVersion: "u32",
  pEngineName: "pointer",
  engineVersion: "u32",
  apiVersion: "u32",
});

export const INSTANCE_CREATE_INFO = chained("VkInstanceCreateInfo", 1, {
  flags: "u32",
  pApplicationInfo: "pointer",
  enabledLayerCount: "u32",
  ppEnabledLayerNames: "pointer",
  enabledExtensionCount: "u32",
  ppEnabledExtensionNames: "pointer",
});

export const EXTENSION_PROPERTIES = struct("VkExtensionProperties", {
  extensionName: "text:256",
  specVersion: "u32",
});

/** `limits` (VkPhysicalDeviceLimits, 504 bytes, aligned to 8) is told by its first member; nothing of it is used. */
export const PHYSICAL_DEVICE_PROPERTIES = struct("VkPhysicalDeviceProperties", {
  apiVersion: "u32",
  driverVersion: "u32",
  vendorID: "u32",
  deviceID: "u32",
  deviceType: "u32",
  deviceName: "text:256",
  pipelineCacheUUID: "bytes:16",
  "limits.maxImageDimension1D": "u64",
  "limits.maxImageDimension3D": "bytes:496",
  sparseProperties: "bytes:20",
});

/** The members of VkPhysicalDeviceProperties, which it encloses, are read at `properties`. */
export const PHYSICAL_DEVICE_PROPERTIES_2 = chained("VkPhysicalDeviceProperties2", 1000059001, {
  properties: `bytes:${PHYSICAL_DEVICE_PROPERTIES.size}` as "bytes:824",
});

export const ID_PROPERTIES = chained("VkPhysicalDeviceIDProperties", 1000071004, {
  deviceUUID: "bytes:16",
  driverUUID: "bytes:16",
  deviceLUID: "bytes:8",
  deviceNodeMask: "u32",
  deviceLUIDValid: "u32",
});

export const DRIVER_PROPERTIES = chained("VkPhysicalDeviceDriverProperties", 1000196000, {
  driverID: "u32",
  driverName: "text:256",
  driverInfo: "text:256",
  conformanceVersion: "bytes:4",
});

export const PCI_BUS_INFO = chained("VkPhysicalDevicePCIBusInfoPropertiesEXT", 1000212000, {
  pciDomain: "u32",
  pciBus: "u32",
  pciDevice: "u32",
  pciFunction: "u32",
});

export const QUEUE_FAMILY_PROPERTIES_2 = chained("VkQueueFamilyProperties2", 1000059005, {
  "queueFamilyProperties.queueFlags": "u32",
  "queueFamilyProperties.queueCount": "u32",
  "queueFamilyProperties.timestampValidBits": "u32",
  "queueFamilyProperties.minImageTransferGranularity.width": "u32",
  "queueFamilyProperties.minImageTransferGranularity.height": "u32",
  "queueFamilyProperties.minImageTransferGranularity.depth": "u32",
});

export const QUEUE_FAMILY_VIDEO_PROPERTIES = chained("VkQueueFamilyVideoPropertiesKHR", 1000023012, {
  videoCodecOperations: "u32",
});

export const VIDEO_PROFILE_INFO = chained("VkVideoProfileInfoKHR", 1000023000, {
  videoCodecOperation: "u32",
  chromaSubsampling: "u32",
  lumaBitDepth: "u32",
  chromaBitDepth: "u32",
});

export const VIDEO_CAPABILITIES = chained("VkVideoCapabilitiesKHR", 1000023001, {
  flags: "u32",
  minBitstreamBufferOffsetAlignment: "u64",
  minBitstreamBufferSizeAlignment: "u64",
  "pictureAccessGranularity.width": "u32",
  "pictureAccessGranularity.height": "u32",
  "minCodedExtent.width": "u32",
  "minCodedExtent.height": "u32",
  "maxCodedExtent.width": "u32",
  "maxCodedExtent.height": "u32",
  maxDpbSlots: "u32",
  maxActiveReferencePictures: "u32",
  "stdHeaderVersion.extensionName": "text:256",
  "stdHeaderVersion.specVersion": "u32",
});

export const DECODE_CAPABILITIES = chained("VkVideoDecodeCapabilitiesKHR", 1000024001, { flags: "u32" });

export const ENCODE_CAPABILITIES = chained("VkVideoEncodeCapabilitiesKHR", 1000299003, {
  flags: "u32",
  rateControlModes: "u32",
  maxRateControlLayers: "u32",
  maxBitrate: "u64",
  maxQualityLevels: "u32",
  "encodeInputPictureGranularity.width": "u32",
  "encodeInputPictureGranularity.height": "u32",
  supportedEncodeFeedbackFlags: "u32",
});
