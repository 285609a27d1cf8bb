import { expect, test } from "bun:test";
import { otherCard } from "../../src/ffmpeg/trial-open.ts";
import { gpu } from "./trial-records.ts";

const H100 = { gpu: gpu({ name: "NVIDIA H100 80GB HBM3" }), device_id: 0x2330 };
const LLVMPIPE = { gpu: gpu({ name: "llvmpipe (LLVM 15.0.6, 256 bits)" }), device_id: 0 };
const selected = (text: string) => ["GPU listing:", `[Vulkan @ 0x1] [verbose] Device 0 selected: ${text}`];

test.each<[string, string[], typeof H100, string | null]>([
  ["itself", selected("NVIDIA H100 80GB HBM3 (discrete) (0x2330)"), H100, null],
  ["itself by another driver", selected("H100 (NVK GH100) (discrete) (0x2330)"), H100, null],
  ["another one", selected("NVIDIA L4 (discrete) (0x27b8)"), H100, "NVIDIA L4 (0x27b8)"],
  [
    "one that computes on the CPU",
    selected("llvmpipe (LLVM 15) (software) (0x0)"),
    H100,
    "llvmpipe (LLVM 15) (0x0)",
  ],
  [
    "llvmpipe of another version",
    selected("llvmpipe (LLVM 21.1.8, 256 bits) (software) (0x0)"),
    LLVMPIPE,
    null,
  ],
  ["another program for the CPU", selected("SwiftShader (software) (0x0)"), LLVMPIPE, "SwiftShader (0x0)"],
  ["nothing that it tells", ["[error] Device creation failed: -1."], H100, null],
])("what ffmpeg opened is %s", (_, lines, device, other) => {
  expect(otherCard(lines, device)).toBe(other);
});
