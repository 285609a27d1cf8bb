import type { TrialDevice } from "../../src/ffmpeg/trial-list.ts";
import type { Gpu, SizeLimits } from "../../src/shared/gpu.ts";

/** Records of devices, for trials. */

export const SIZES: SizeLimits = { min_width: 48, min_height: 16, max_width: 4096, max_height: 4096 };

export function gpu(given: Partial<Gpu> = {}): Gpu {
  return {
    id: "00102030-4050-6070-8090-a0b0c0d0e0f0",
    index: 0,
    name: "Fake Card 9000",
    type: "discrete",
    driver: "NVIDIA 580.159.03",
    vendor_id: 0x10de,
    pci_address: "0000:65:00.0",
    ...{ decode: [], scale: [], refused: [] },
    ...given,
  };
}

/** A device that offers to decode HEVC with 8 bits, and to encode H.264 with 8 bits, both within SIZES. */
export function trialDevice(given: Partial<Gpu> = {}, unwanted: string | null = null): TrialDevice {
  const own = gpu(given);
  const rates = {
    rate_control: ["vbr" as const],
    quality_levels: 4,
    min_qp: 1,
    max_qp: 51,
    max_bitrate: 1e9,
  };
  return {
    gpu: own,
    key: `${own.id} ${own.driver}`,
    device_id: 0x2330,
    unwanted,
    decode: [
      { codec: "hevc", bit_depth: 8, limits: SIZES, refused: null },
      { codec: "hevc", bit_depth: 10, limits: null, refused: "the driver has no Main 10" },
    ],
    encode: [
      { codec: "h264", bit_depth: 8, limits: { ...SIZES, ...rates }, refused: null },
      { codec: "hevc", bit_depth: 8, limits: null, refused: "the driver has no queue" },
    ],
  };
}
