import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, parse } from "node:path";
import { FIXTURES } from "../fixtures/corpus/corpus.ts";
import { ROOT } from "../support/sources.ts";
import { fidelityDocs, promisesOf } from "./docs.ts";
import { everyCase, nameOf, sampleCases } from "./targets.ts";

test("docs/fidelity.md tells of every film of the corpus what must become of it", () => {
  const docs = readFileSync(join(ROOT, "docs/fidelity.md"), "utf8");
  expect(promisesOf(docs)).toBe(promisesOf(fidelityDocs({ faults: [], measured: [] })));
});

test("what did not come through is told at its row, and only there", () => {
  const fault = { film: "plain.mp4", target: "h264 mp4", property: "times", wrong: "a picture is late" };
  const told = fidelityDocs({ faults: [fault], measured: ["a run"] });
  const lines = told.split("\n").filter((line) => line.includes("**not so:"));
  expect(lines).toEqual([expect.stringContaining("| kept **not so: h264 mp4** |")]);
  expect(lines[0]).toContain("time of every picture");
  expect(promisesOf(told)).toBe(promisesOf(fidelityDocs({ faults: [], measured: [] })));
});

test("the corpus has films enough, each with a name and an expectation of its own", () => {
  expect(FIXTURES.length).toBeGreaterThan(90);
  const names = FIXTURES.map(({ name }) => parse(name).name);
  expect(new Set(names).size).toBe(names.length);
  const idle = FIXTURES.filter(({ expect: wanted, refused }) => wanted.length === 0 && refused === undefined);
  expect(idle).toEqual([]);
});

test("the sample holds each film but the long ones once; the whole every codec and container", () => {
  const short = FIXTURES.filter(({ long }) => long !== true);
  expect(sampleCases(FIXTURES).map(({ fixture }) => fixture)).toEqual(short);
  const whole = everyCase(FIXTURES);
  expect(new Set(whole.map(({ target }) => nameOf(target))).size).toBeGreaterThan(20);
  for (const fixture of FIXTURES) {
    const targets = whole.filter((one) => one.fixture === fixture && one.target.flags.length === 0);
    expect(targets.length).toBe(fixture.long === true ? 2 : 8);
  }
});
