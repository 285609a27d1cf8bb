import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { type GpuFigures, type GpuStanding, gpuFigures } from "../../../src/roles/worker/gpu-figures.ts";
import { Heartbeat } from "../../../src/shared/worker.ts";
import { gpu } from "./gpu-records.ts";

const card = (id: string, changes: Partial<GpuStanding> = {}, name = "NVIDIA L4"): GpuStanding => ({
  gpu: gpu({ id, name }),
  state: "ok",
  problem: null,
  ...changes,
});
const PARKED: Partial<GpuStanding> = { state: "parked", problem: "it failed three films" };

test.each<[string, GpuStanding[], Record<string, number>, GpuFigures]>([
  ["no GPU", [], {}, { vulkan_available: false }],
  [
    "one of which no load is known",
    [card("a")],
    { z: 50 },
    { vulkan_available: true, gpu: "NVIDIA L4", gpus: [{ name: "NVIDIA L4", state: "ok" }] },
  ],
  [
    "an idle one: nothing to do is a figure, too",
    [card("a")],
    { a: 0 },
    {
      vulkan_available: true,
      gpu: "NVIDIA L4",
      gpu_usage: 0,
      gpus: [{ name: "NVIDIA L4", usage: 0, state: "ok" }],
    },
  ],
  [
    "two equal ones and another; the mean is that of the known",
    [card("a"), card("b", {}, "Arc A380"), card("c", PARKED)],
    { a: 87.26, c: 10.04 },
    {
      vulkan_available: true,
      gpu: "2x NVIDIA L4, Arc A380",
      gpu_usage: 48.7,
      gpus: [
        { name: "NVIDIA L4", usage: 87.3, state: "ok" },
        { name: "Arc A380", state: "ok" },
        { name: "NVIDIA L4", usage: 10, state: "parked", problem: "it failed three films" },
      ],
    },
  ],
  [
    "one that fails at times can still be used",
    [card("a", { state: "failing", problem: "vp9" })],
    {},
    {
      vulkan_available: true,
      gpu: "NVIDIA L4",
      gpus: [{ name: "NVIDIA L4", state: "failing", problem: "vp9" }],
    },
  ],
  [
    "all parked",
    [card("a", PARKED)],
    {},
    {
      vulkan_available: false,
      gpu: "NVIDIA L4",
      gpus: [{ name: "NVIDIA L4", state: "parked", problem: "it failed three films" }],
    },
  ],
])("%s", (_, standings, usage, figures) =>
  expect(gpuFigures(standings, new Map(Object.entries(usage)))).toEqual(figures),
);

describe("whatever a driver says", () => {
  const hostile = Array.from({ length: 40 }, (_, index) =>
    card(String(index), { state: "failing", problem: "p".repeat(5000) }, `${index} ${"n".repeat(1000)}`),
  );
  const figures = gpuFigures(hostile, new Map([["0", 250]]));

  test("the master takes the heartbeat", () => {
    const beat = {
      worker_id: "w",
      hostname: "h",
      active_jobs: 0,
      status: "idle",
      timestamp: "2026-11-22T09:00:00Z",
      ...figures,
    };
    expect(v.safeParse(Heartbeat, beat).issues).toBe(undefined);
  });

  test("a percentage is at most 100", () =>
    expect([figures.gpu_usage, figures.gpus?.[0]?.usage]).toEqual([100, 100]));
});
