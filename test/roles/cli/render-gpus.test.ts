import { describe, expect, test } from "bun:test";
import { gpuTroubles, renderGpus } from "../../../src/roles/cli/render-gpus.ts";
import type { WorkerGpu } from "../../../src/shared/worker.ts";

const card = (changes: Partial<WorkerGpu> = {}): WorkerGpu => ({ name: "L4", state: "ok", ...changes });

test.each<[string, WorkerGpu[], string | null, string | null]>([
  ["none", [], null, null],
  ["a name that an old client told", [], "Arc\x1b[2J", "Arc\\x1b[2J"],
  ["one without a figure", [card()], "L4", "L4"],
  ["an idle one", [card({ usage: 0 })], "L4", "L4 (0%)"],
  ["two equal ones without figures", [card(), card()], null, "2x L4"],
  ["one figure of two", [card({ usage: 3.6 }), card()], null, "2x L4 (4%, -)"],
  ["one that is parked", [card({ state: "parked" })], null, "L4 (- parked)"],
  ["one that works and is parked", [card({ state: "parked", usage: 100 })], null, "L4 (100% parked)"],
  [
    "a mixture, equal names together",
    [card({ usage: 1 }), card({ name: "A380" }), card({ usage: 2 })],
    null,
    "2x L4 (1%, 2%), A380",
  ],
  ["a hostile name", [card({ name: "a\nb\u202e" })], null, "a\\nb\\u{202e}"],
])("%s", (_, gpus, gpu_name, text) => expect(renderGpus({ gpus, gpu_name })).toBe(text));

describe("troubles", () => {
  const gpus = [
    card({ state: "parked", problem: "it failed\x07" }),
    card(),
    card({ state: "parked" }),
    card({ name: "A380", state: "failing", problem: "it failed once" }),
  ];
  test.each<[WorkerGpu["state"], string[]]>([
    ["parked", ["GPU L4 (1 of 3): it failed\\x07", "GPU L4 (3 of 3) is parked"]],
    ["failing", ["GPU A380: it failed once"]],
  ])("of those that are %s", (state, sentences) => expect(gpuTroubles({ gpus }, state)).toEqual(sentences));
});
