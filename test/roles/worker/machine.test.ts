import { expect, test } from "bun:test";
import { createLoadMeter } from "../../../src/roles/worker/machine.ts";

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
