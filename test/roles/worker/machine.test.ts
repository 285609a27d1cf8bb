import { expect, test } from "bun:test";
import { createGpuLoads } from "../../../src/roles/worker/gpu-load.ts";
import { createLoadMeter } from "../../../src/roles/worker/machine.ts";
import { until } from "../../support/until.ts";
import { gpu } from "./gpu-records.ts";

test("a busy processor is seen, and both figures are percentages of this machine", async () => {
  const measure = createLoadMeter();
  const idle = await measure();
  const until_ms = performance.now() + 700;
  while (performance.now() < until_ms) Math.sqrt(until_ms);
  const busy = await measure();
  for (const { cpu_usage, memory_usage } of [idle, busy]) {
    expect(cpu_usage).toBeGreaterThanOrEqual(0);
    expect(cpu_usage).toBeLessThanOrEqual(100);
    expect(memory_usage).toBeGreaterThan(0);
    expect(memory_usage).toBeLessThan(100);
  }
  // One of n processors was busy all the time.
  expect(busy.cpu_usage).toBeGreaterThan(50 / navigator.hardwareConcurrency);
});

test("GPUs are looked at beside the measurements, which wait for none", async () => {
  const answer = Promise.withResolvers<Map<string, number>>();
  const loads = createGpuLoads({ fresh_ms: 60_000, sources: [() => answer.promise] });
  let state: "ok" | "parked" = "ok";
  const standings = () => [{ gpu: gpu({ id: "a" }), state, problem: null }];
  const measure = createLoadMeter({ standings, loads });
  const gpus = [{ name: "NVIDIA L4", state: "ok" }];
  expect(await measure()).toMatchObject({ vulkan_available: true, gpu: "NVIDIA L4", gpus });
  expect(await measure()).not.toContainKey("gpu_usage");
  answer.resolve(new Map([["a", 61]]));
  await until("the load is known", () => loads.latest().size > 0);
  state = "parked";
  expect(await measure()).toMatchObject({
    vulkan_available: false,
    gpu_usage: 61,
    gpus: [{ state, usage: 61 }],
  });
});

test("without GPUs nothing is said of any", async () => {
  const load = await createLoadMeter()();
  expect(load.vulkan_available).toBe(false);
  expect(Object.keys(load).sort()).toEqual(["cpu_usage", "memory_usage", "vulkan_available"]);
});
