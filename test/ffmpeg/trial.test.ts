import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Tried, tryMachine } from "../../src/ffmpeg/trial.ts";
import { toCapabilities, trialRecord } from "../../src/ffmpeg/trial-capabilities.ts";
import { listTrials, trialKey } from "../../src/ffmpeg/trial-list.ts";
import { PROVEN } from "../../src/ffmpeg/trial-run.ts";
import { FOREVER, makeFake } from "./fake.ts";
import { FAKE_GPU } from "./fake-gpu.ts";
import { temporaryFolder, thisMachine, triedHere } from "./machine.ts";
import { trialDevice } from "./trial-records.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const devices = [trialDevice(), trialDevice({ id: "other", index: 1, pci_address: "0000:66:00.0" })];

/** All trials with an ffmpeg that does what `body` says with the first or second device, and else what it should. */
async function tryFake(name: string, body: string, given: Partial<Parameters<typeof tryMachine>[0]> = {}) {
  const whole = `${FAKE_GPU}\n${body}\nprocess.exit(real(argv));`;
  const path = await makeFake(folder.path, name, whole);
  const ffmpeg = { path, ffprobe_path: "ffprobe", version: "9.0", major: 9 };
  return tryMachine({ ffmpeg, devices, limits: { cpu_ms: 60_000, gpu_ms: 60_000 }, ...given });
}

/** As if everything had been tried before that needs no device. */
const CPU_KNOWN = new Map(
  listTrials({ ffmpeg: { version: "9.0" }, built_in: null, devices: [], os: process.platform }).map(
    (trial) => [trialKey(trial), PROVEN],
  ),
);

/** But for one encoder, which is to work all the same. */
const ALL_BUT_X264 = new Map([...CPU_KNOWN].filter(([key]) => !key.includes("libx264")));

/** Such as `decode hevc 8`, for what was run on that device. */
function ranOn(tried: Tried[], index: number): Record<string, string | null> {
  const there = tried.filter(({ trial, ran }) => ran && trial.device?.gpu.index === index);
  return Object.fromEntries(
    there.map((one) => {
      const { stage, codec, encoder, bit_depth, why } = trialRecord(one);
      return [`${stage} ${encoder ?? codec ?? ""} ${bit_depth}`.replace("  ", " "), why];
    }),
  );
}

function softwareWorks(tried: Tried[]): void {
  const x264 = tried.map(trialRecord).filter(({ encoder }) => encoder === "libx264");
  expect(x264.map(({ proven }) => proven)).toEqual([true, true]);
  expect(tried.filter((one) => one.ran && trialRecord(one).encoder === "libx264")).toHaveLength(2);
}

test("prove what this machine's ffmpeg really encodes", async () => {
  const { encoders } = await thisMachine();
  const h264 = { family: "software", codec: "h264", encoder: "libx264", ten_bit: true, device: null };
  expect(encoders).toContainEqual(expect.objectContaining(h264));
  expect(encoders.map(({ codec }) => codec)).toContain("aac");
});

test("believe no exit code: an ffmpeg that writes nothing proves nothing", async () => {
  const path = await makeFake(folder.path, "silent", "process.exit(0);", "true");
  const tried = await tryMachine({ ffmpeg: { path, ffprobe_path: "", version: "9.0", major: 9 }, devices });
  expect(tried.length).toBeGreaterThan(50);
  expect(tried.filter(({ outcome }) => outcome.why === null)).toEqual([]);
});

describe("with a device", () => {
  test("right pictures prove it", async () => {
    const body = `if (device !== null) process.exit(real(plain));`;
    const tried = await tryFake("right", body, { remembered: ALL_BUT_X264 });
    const expected = {
      "decode hevc 8": null,
      "scale 8": null,
      "scale 10": null,
      "encode h264_nvenc 8": null,
    };
    expect(ranOn(tried, 0)).toMatchObject(expected);
    expect(ranOn(tried, 1)).toMatchObject(expected);
    softwareWorks(tried);
  }, 180_000);

  test("pictures that are a little wrong do not, and the card beside it is none the worse", async () => {
    const spoilt = `plain.map((one) => one.replace(/^format=nv12$|,format=yuv420p$/, "$&,eq=brightness=0.1"))`;
    const body = `if (device !== null) process.exit(real(device === "0" ? ${spoilt} : plain));`;
    const tried = await tryFake("wrong", body, { remembered: CPU_KNOWN });
    const { "decode hevc 8": decode, "scale 8": scale } = ranOn(tried, 0);
    expect(decode).toBe("picture 1 of 24 is wrong");
    expect(scale).toMatch(/^picture 1 is wrong/);
    expect(ranOn(tried, 1)).toMatchObject({ "decode hevc 8": null, "scale 8": null });
  }, 180_000);

  test("green pictures and exit code 0 do not", async () => {
    const green = `
if (device !== null && argv.at(-1) === "pipe:1") {
  process.stdout.write(new Uint8Array(argv.includes("-hwaccel") ? 24 * 86400 : 8 * 19584));
  process.exitCode = 0;
} else if (device !== null) {
  process.exit(real(["-v", "error", "-f", "lavfi", "-i", "color=c=green:s=384x136", "-frames:v", "8", argv.at(-1)]));
} else`;
    const ran = ranOn(await tryFake("green", green, { remembered: CPU_KNOWN }), 0);
    expect(ran["decode hevc 8"]).toBe("picture 1 of 24 is wrong");
    expect(ran["scale 8"]).toMatch(/^picture 1 is wrong \(\d\d\d?\.\d of 255 away/);
    expect(ran["encode h264_nvenc 8"]).toMatch(/^picture 1 is wrong \(\d\d\.\d of 255 away/);
  }, 180_000);

  test("a film that ends early, or cannot be read, does not", async () => {
    const short = `
if (device === "0") plain.splice(plain.length - 1, 0, "-frames:v", "5");
if (device === "1" && !argv.includes("pipe:1")) { fs.writeFileSync(target, "no film"); process.exit(0); }
if (device !== null) process.exit(real(plain));`;
    const tried = await tryFake("short", short, { remembered: CPU_KNOWN });
    const first = ranOn(tried, 0);
    expect(first["decode hevc 8"]).toBe("5 of 24 pictures came out");
    expect(first["scale 8"]).toBe("5 of 8 pictures came out");
    expect(first["encode h264_nvenc 8"]).toBe("5 of 8 pictures came out");
    expect(ranOn(tried, 1)["encode h264_nvenc 8"]).toMatch(/^its film cannot be decoded: /);
  }, 180_000);

  test("a hang costs its limit once on each device, and nothing elsewhere", async () => {
    const starts = join(folder.path, "starts");
    const hangs = `
if (argv.includes("level+verbose")) process.exit(real(plain));
if (device !== null) fs.appendFileSync(${JSON.stringify(starts)}, device);
process.on("SIGTERM", () => {});
if (device !== null) ${FOREVER} else`;
    const limits = { cpu_ms: 60_000, gpu_ms: 10_000 };
    const tried = await tryFake("hangs", hangs, { limits, remembered: ALL_BUT_X264 });
    expect([...(await readFile(starts, "utf8"))].toSorted()).toEqual(["0", "1"]);
    for (const index of [0, 1]) {
      const { "open null": opened, "decode hevc 8": first, ...rest } = ranOn(tried, index);
      expect(opened).toBeNull();
      expect(first).toBe("no answer within 10 s");
      expect(Object.keys(rest).length).toBeGreaterThan(3);
      expect(new Set(Object.values(rest))).toEqual(
        new Set(["not tried, as ffmpeg hung there before (decode)"]),
      );
    }
    softwareWorks(tried);
  }, 180_000);

  test("a card that ffmpeg knows by another number is not used, and the one beside it is", async () => {
    const swapped = `
const opens = argv.includes("level+verbose");
if (opens) say("[Vulkan @ 0x1] [verbose] Device " + device + " selected: " +
  (device === "0" ? "Other Card (discrete) (0x27b8)" : "Fake Card 9000 (OTHER DRIVER) (discrete) (0x2330)"));
if (device !== null) process.exit(real(plain));`;
    const tried = await tryFake("swapped", swapped, { remembered: CPU_KNOWN });
    const why = "ffmpeg's device 0 is another card: Other Card (0x27b8)";
    const { "encode h264_nvenc 10": _, ...ran } = ranOn(tried, 0);
    expect(ran).toMatchObject({ "open null": why, "decode hevc 8": why, "encode h264_nvenc 8": why });
    expect(ranOn(tried, 1)).toMatchObject({ "open null": null, "decode hevc 8": null });
  }, 180_000);

  test("a vendor's encoder that no device of Vulkan's opens is tried on the device that it chooses itself", async () => {
    const closed = `
if (device !== null) { say("[error] Device creation failed: -1."); process.exit(1); }
if (argv.includes("h264_nvenc")) process.exit(real(plain));`;
    const known = new Map([...CPU_KNOWN].filter(([key]) => !key.includes("nvenc")));
    const tried = await tryFake("closed", closed, { remembered: known });
    expect(ranOn(tried, 0)).toMatchObject({
      "open null": "its device cannot be opened",
      "encode h264_nvenc 8": "its device cannot be opened",
    });
    const { ffmpeg } = await thisMachine();
    const { encoders, refused } = toCapabilities({ ffmpeg, devices, tried });
    const nvenc = encoders.filter(({ family }) => family === "nvenc");
    expect(nvenc).toMatchObject([{ encoder: "h264_nvenc", device: null, open: { input: [] } }]);
    expect(refused.filter(({ encoder }) => encoder === "h264_nvenc").map(({ device }) => device)).toEqual(
      devices.map(({ gpu }) => gpu.id),
    );
    // Where one of the named devices does, it is not.
    const one = closed.replace("device !== null", 'device === "0"').replace("if (argv", "if (device || argv");
    const works = await tryFake("works", one, { remembered: known });
    const last = works.filter(({ trial }) => trial.last_resort).map((tried) => trialRecord(tried).encoder);
    expect(last).not.toContain("h264_nvenc");
  }, 120_000);
});

test("what is remembered is not run again, and what is missing is", async () => {
  const { ffmpeg } = await thisMachine();
  const tried = triedHere;
  const remembered = new Map(tried.filter(({ ran }) => ran).map(({ key, outcome }) => [key, outcome]));
  const aac = [...remembered.keys()].filter((key) => key.includes("aac"));
  for (const key of aac) remembered.delete(key);
  const again = await tryMachine({ ffmpeg, remembered });
  expect(again.filter(({ ran }) => ran).map(({ key }) => key)).toEqual(aac);
  expect(aac).toHaveLength(1);
  expect(again.map(({ key, outcome }) => [key, outcome.why])).toEqual(
    tried.map(({ key, outcome }) => [key, outcome.why]),
  );
}, 180_000);
