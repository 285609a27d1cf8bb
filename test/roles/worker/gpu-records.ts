import type { Gpu } from "../../../src/shared/gpu.ts";

/** A whole Gpu; each test changes what it is about. */
export function gpu(changes: Partial<Gpu> = {}): Gpu {
  return {
    id: "c85bc011-8630-41ed-fa1e-9899527916de",
    index: 0,
    name: "NVIDIA L4",
    type: "discrete",
    driver: "NVIDIA 580.159.03",
    vendor_id: 0x10de,
    pci_address: "0000:65:00.0",
    decode: [],
    scale: [8],
    refused: [],
    ...changes,
  };
}
