import { expect, test } from "bun:test";
import { createGpuLoads, type LoadSource } from "../../../src/roles/worker/gpu-load.ts";
import { until } from "../../support/until.ts";
import { gpu } from "./gpu-records.ts";

const CARDS = [gpu({ id: "a" }), gpu({ id: "b" })];

/** A source whose answers the test gives. */
function slowSource() {
  const asked: ((loads: Record<string, number>) => void)[] = [];
  const source: LoadSource = () =>
    new Promise((resolve) => asked.push((loads) => resolve(new Map(Object.entries(loads)))));
  return { source, asked };
}

test("a look is not waited for; what it saw comes with the next question, until it is old", async () => {
  const { source, asked } = slowSource();
  let time_ms = 0;
  const loads = createGpuLoads({ fresh_ms: 60_000, sources: [source], clock_ms: () => time_ms });
  loads.look(CARDS);
  expect(loads.latest()).toEqual(new Map());
  time_ms = 1000;
  asked[0]?.({ a: 40, b: 0 });
  await until("the figures are there", () => loads.latest().size === 2);
  expect(loads.latest()).toEqual(new Map(Object.entries({ a: 40, b: 0 })));
  time_ms = 61_000;
  expect(loads.latest().size).toBe(2);
  time_ms = 61_001;
  expect(loads.latest()).toEqual(new Map());
});

test("a source that hangs is not asked again, and the others go on", async () => {
  const hanging = slowSource();
  const quick = slowSource();
  const loads = createGpuLoads({ fresh_ms: 60_000, sources: [hanging.source, quick.source] });
  loads.look(CARDS);
  quick.asked[0]?.({ b: 1 });
  await until("the quick one has answered", () => loads.latest().get("b") === 1);
  loads.look(CARDS);
  quick.asked[1]?.({ b: 2 });
  await until("it has answered again", () => loads.latest().get("b") === 2);
  expect(hanging.asked).toHaveLength(1);
});

test("a source that fails costs its figures, and is asked again", async () => {
  let asked = 0;
  const failing: LoadSource = async () => {
    asked += 1;
    if (asked === 1) throw new Error("no such file");
    return new Map([["a", 7]]);
  };
  const loads = createGpuLoads({ fresh_ms: 60_000, sources: [failing] });
  await until("it has answered", () => {
    loads.look(CARDS);
    return loads.latest().get("a") === 7;
  });
  expect(asked).toBeGreaterThan(1);
});

test("without a GPU nobody is asked", () => {
  const { source, asked } = slowSource();
  createGpuLoads({ fresh_ms: 1, sources: [source] }).look([]);
  expect(asked).toHaveLength(0);
});
