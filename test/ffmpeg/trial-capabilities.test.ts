import { expect, test } from "bun:test";
import type { Tried } from "../../src/ffmpeg/trial.ts";
import { toCapabilities, trialRecord } from "../../src/ffmpeg/trial-capabilities.ts";
import { listTrials, trialKey } from "../../src/ffmpeg/trial-list.ts";
import { SIZES, trialDevice } from "./trial-records.ts";

const ffmpeg = { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "9.0.2", major: 9 };
const device = trialDevice();
const trials = listTrials({ ffmpeg, built_in: null, devices: [device], os: "linux" });

/** As if every run had proven what it was for, but those whose key holds one of the words. */
function tried(...failing: string[]): Tried[] {
  return trials.map((trial) => {
    const key = trialKey(trial);
    const why = trial.known ?? (failing.some((word) => key.includes(word)) ? "it failed" : null);
    return { trial, key, outcome: { why, said: why === null ? null : "last line", hung: false }, ran: true };
  });
}

test("what was proven on a device, with the driver's limits, and why the rest was not", () => {
  const { gpus } = toCapabilities({ ffmpeg, devices: [device], tried: tried("scale 10") });
  expect(gpus).toHaveLength(1);
  expect(gpus[0]).toMatchObject({
    id: device.gpu.id,
    decode: [{ codec: "hevc", bit_depth: 8, limits: SIZES }],
    scale: [8],
  });
  expect(gpus[0]?.refused).toContainEqual({ stage: "scale", codec: null, bit_depth: 10, why: "it failed" });
  const main10 = { stage: "decode" as const, codec: "hevc" as const, bit_depth: 10 as const };
  expect(gpus[0]?.refused).toContainEqual({ ...main10, why: "the driver has no Main 10" });
});

test.each<[string, string[], object | null]>([
  ["h264_vulkan", [], { device: device.gpu.id, ten_bit: false, limits: { max_bitrate: 1e9 } }],
  ["av1_vulkan", [], { device: device.gpu.id, ten_bit: true, limits: null }],
  ["av1_vulkan", ["av1_vulkan 10"], { ten_bit: false }],
  ["av1_vulkan", ["av1_vulkan 8"], null],
  ["hevc_vulkan", [], null],
  ["prores_ks_vulkan", [], { codec: "prores", ten_bit: true }],
  [
    "libx264",
    [],
    { family: "software", device: null, ten_bit: true, open: { input: [], upload: [], output: [] } },
  ],
  ["aac", [], { family: "software", codec: "aac", device: null, ten_bit: false }],
  ["libopus", ["libopus"], null],
])("%s, when what failed is %p", (encoder, failing, proven) => {
  const { encoders, refused } = toCapabilities({ ffmpeg, devices: [device], tried: tried(...failing) });
  const found = encoders.filter((one) => one.encoder === encoder);
  const vain = refused.filter((one) => one.encoder === encoder);
  expect([found.length, vain.length]).toEqual(proven === null ? [0, 1] : [1, 0]);
  if (proven !== null) expect(found[0]).toMatchObject(proven);
});

test("as records: every trial with its answer and ffmpeg's last line", () => {
  const records = tried("libx265").map(trialRecord);
  expect(records).toHaveLength(trials.length);
  expect(records).toContainEqual({
    ...{ stage: "encode", device: null, family: "software", codec: "hevc", encoder: "libx265", bit_depth: 8 },
    ...{ proven: false, why: "it failed", said: "last line" },
  });
  expect(records).toContainEqual({
    ...{ stage: "decode", device: device.gpu.id, family: null, codec: "hevc", encoder: null, bit_depth: 8 },
    ...{ proven: true, why: null, said: null },
  });
});
