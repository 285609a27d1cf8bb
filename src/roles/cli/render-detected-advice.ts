import { DECODE_SINCE, ENCODERS_SINCE, isOlder } from "../../ffmpeg/trial-list.ts";
import type { Capabilities, ProvenEncoder } from "../../shared/capabilities.ts";
import type { Gpu } from "../../shared/gpu.ts";
import { printable } from "../../shared/printable.ts";
import type { VulkanDevice, VulkanProbe } from "../../vulkan/devices.ts";
import { DRIVER_IDS } from "../../vulkan/names.ts";

/** What a person can do so that Vulkan offers more here; `os` is Node's name of the system. Empty: nothing known. */
export function adviceOn(found: {
  vulkan: VulkanProbe;
  capabilities: (Pick<Capabilities, "ffmpeg"> & Partial<Pick<Capabilities, "gpus" | "encoders">>) | null;
  os: string;
}): string[] {
  const { vulkan, capabilities, os } = found;
  if (!vulkan.available) return adviceWithout(vulkan.reason, os);
  if (os === "darwin") return [MACOS];
  const gpus = vulkan.devices.filter(({ type }) => type !== "cpu");
  if (gpus.length === 0) return [ONLY_CPU, ...installDriver(os)];
  const outdated = capabilities === null ? [] : adviceOnFfmpeg(gpus, capabilities.ffmpeg.version);
  const refused = (capabilities?.gpus ?? []).flatMap((gpu) =>
    gpu.type === "cpu" || provenStages(gpu, capabilities?.encoders ?? []).length > 0
      ? []
      : adviceOnRefused(gpu, os),
  );
  return [...new Set([...outdated, ...gpus.flatMap(adviceOnDevice), ...refused])];
}

/** What trials proved on this device through Vulkan. */
export function provenStages(gpu: Gpu, encoders: ProvenEncoder[]): ("decoding" | "scaling" | "encoding")[] {
  const encodes = encoders.some(({ family, device }) => family === "vulkan" && device === gpu.id);
  return [
    ...(gpu.decode.length > 0 ? ["decoding" as const] : []),
    ...(gpu.scale.length > 0 ? ["scaling" as const] : []),
    ...(encodes ? ["encoding" as const] : []),
  ];
}

/** Scaling needs nothing but a device that opens: where not even that works, its reason is that of all the rest. */
function adviceOnRefused({ name, refused }: Gpu, os: string): string[] {
  const why = refused.find(({ stage }) => stage === "scale")?.why ?? "";
  const device = printable(name);
  if (/unknown device type|Invalid device specification/i.test(why))
    return [
      "This ffmpeg was built without Vulkan: put one beside it whose `ffmpeg -hwaccels` names vulkan, and name it in ffmpeg.path.",
    ];
  if (why.includes("is another card"))
    return [
      `${device}: ffmpeg finds other GPUs than vc, or in another order, as one with a loader or drivers of its own does (snap, flatpak, a static build); name one in ffmpeg.path that uses the system's.`,
    ];
  if (/no answer within|hung|died of/.test(why))
    return [
      `${device}: its driver does not survive ffmpeg (${printable(why)}); update it, or take a newer ffmpeg. \`vc detect --fresh\` tries again.`,
    ];
  const rights =
    os === "linux"
      ? [
          "The user that runs vc must be able to open /dev/dri/renderD128 (group render) or /dev/nvidia*; a container needs the GPU handed in.",
        ]
      : [];
  return [
    `${device}: nothing that was tried on it worked (${printable(why)}); \`vc detect --json\` has ffmpeg's own line of each trial. Update its driver and ffmpeg, then \`vc detect --fresh\`.`,
    ...rights,
  ];
}

const ONLY_CPU =
  "Only Vulkan on the CPU was found; vc uses it only where vulkan.preferred_device names it, for tests.";

function adviceWithout(reason: Extract<VulkanProbe, { available: false }>["reason"], os: string): string[] {
  if (reason === "crashed" || reason === "hung") {
    return [
      "Update the GPU's driver. A driver that fails costs no film: vc asks it in a process of its own.",
      "Where several drivers are installed, VK_LOADER_DRIVERS_DISABLE='*NAME*' leaves one out.",
    ];
  }
  if (reason === "refused" || reason === "unreadable")
    return ["Update the Vulkan loader and the GPU's driver."];
  if (os === "darwin") return [MACOS];
  return reason === "no_loader" ? [...installLoader(os), ...installDriver(os)] : installDriver(os);
}

const MACOS = "macOS: no Vulkan driver there decodes or encodes video; there is nothing to switch on.";
const LOADER =
  "Install the Vulkan loader (apt install libvulkan1, dnf install vulkan-loader, pacman -S vulkan-icd-loader).";

function installLoader(os: string): string[] {
  return os === "win32" ? [] : [LOADER];
}

function installDriver(os: string): string[] {
  if (os === "win32")
    return ["Install the newest driver from the GPU's vendor; the Vulkan loader comes with it."];
  return [
    "With a GPU: install its Vulkan driver (AMD and Intel: apt install mesa-vulkan-drivers; NVIDIA: its own).",
    "In a container: hand the GPU in, with --device /dev/dri (AMD, Intel), or with --gpus all and NVIDIA_DRIVER_CAPABILITIES=all (NVIDIA).",
    "AMD and Intel: the user that runs vc must be able to open /dev/dri/renderD128 (group render).",
  ];
}

/** What the devices offer and this version of ffmpeg cannot use yet. */
function adviceOnFfmpeg(devices: VulkanDevice[], version: string): string[] {
  const later = [
    ...Object.entries(DECODE_SINCE).map(([codec, since]) => ({ direction: "decode", codec, since })),
    ...ENCODES.map((codec) => ({
      ...{ direction: "encode", codec },
      since: ENCODERS_SINCE[`${codec}_vulkan`] ?? "",
    })),
  ].filter(
    ({ direction, codec, since }) =>
      isOlder(version, since) && devices.some((device) => offers(device, direction, [codec])),
  );
  if (later.length === 0) return [];
  const parts = later.map(({ direction, codec, since }) => `${direction} ${codec}: ${since}`);
  return [
    `ffmpeg ${version} is too old for what is offered here (the first version of each: ${parts.join(", ")}); put a newer one beside it and name it in ffmpeg.path.`,
  ];
}

const ENCODES = ["h264", "hevc", "av1"];

function offers(device: VulkanDevice, direction: string, codecs: string[]): boolean {
  return device.video.some(
    (offer) => offer.limits !== null && offer.direction === direction && codecs.includes(offer.codec),
  );
}

/** Mesa keeps video behind switches that each release may move. */
function adviceOnDevice(device: VulkanDevice): string[] {
  const encodes = offers(device, "encode", ENCODES);
  const decodes = offers(device, "decode", Object.keys(DECODE_SINCE));
  const lines: string[] = [];
  if (device.driver.id === DRIVER_IDS.radv && !encodes) lines.push(RADV);
  if (device.driver.id === DRIVER_IDS.anv && !(encodes && decodes)) lines.push(ANV);
  if (device.driver.id === DRIVER_IDS.nvidia && !decodes) lines.push(NVIDIA);
  const mesa = [DRIVER_IDS.radv, DRIVER_IDS.anv].some((id) => id === device.driver.id);
  if (mesa && decodes && !offers(device, "decode", ["h264", "hevc"])) lines.push(FEDORA);
  return lines;
}

const RADV =
  "AMD: Mesa offers encoding with RADV_PERFTEST=video_encode in the environment (Mesa 26.1 and newer: RADV_EXPERIMENTAL=video_encode).";
const ANV = "Intel: Mesa offers video with ANV_DEBUG=video-decode,video-encode in the environment.";
const NVIDIA =
  "NVIDIA: in a container, NVIDIA_DRIVER_CAPABILITIES must name graphics and video (or be all); otherwise update the driver.";
const FEDORA =
  "This Mesa was built without H.264 and HEVC, as Fedora and RHEL ship it; their add-on repositories have a whole one.";
