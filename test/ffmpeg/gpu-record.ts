import type { Gpu } from "../../src/shared/gpu.ts";

const size = { min_width: 16, min_height: 16, max_width: 8192, max_height: 8192 };

/** A card on which everything was proven, with a test's changes. */
export function gpuRecord(changes: Partial<Gpu> = {}): Gpu {
  return {
    id: "uuid-1",
    index: 0,
    name: "Card",
    type: "discrete",
    driver: "driver 1.0",
    vendor_id: 0x10de,
    pci_address: null,
    decode: [
      { codec: "h264", bit_depth: 8, limits: size },
      { codec: "hevc", bit_depth: 8, limits: size },
      { codec: "hevc", bit_depth: 10, limits: size },
    ],
    scale: [8, 10],
    refused: [],
    ...changes,
  };
}
