import { describe, expect, test } from "bun:test";
import { isOlder, listTrials, type Trial, trialKey } from "../../src/ffmpeg/trial-list.ts";
import { SIZES, trialDevice } from "./trial-records.ts";

const other = { id: "other", index: 1, pci_address: "0000:66:00.0" };

function list(given: Partial<Parameters<typeof listTrials>[0]> = {}): Trial[] {
  return listTrials({ ffmpeg: { version: "9.0.2" }, built_in: null, devices: [], os: "linux", ...given });
}

/** Such as `0 encode h264_nvenc 8: why`; the device by its index, `-` for none; `run` where a run must answer. */
function lines(trials: Trial[]): string[] {
  return trials.map((trial) => {
    const { stage, device, known } = trial;
    const name = stage === "decode" ? trial.codec : "encoder" in trial ? encoderOf(trial) : "";
    const depth = "bit_depth" in trial ? trial.bit_depth : "";
    return `${device?.gpu.index ?? "-"} ${stage} ${name} ${depth}: ${known ?? "run"}`.replaceAll(/ +/g, " ");
  });
}

function encoderOf(trial: Extract<Trial, { stage: "encode" | "hdr" | "audio" }>): string {
  return trial.stage === "audio" ? trial.encoder : trial.encoder.encoder;
}

describe("what is tried", () => {
  test("decoding: what the driver offers and ffmpeg has; the rest is refused in the words of who refuses", () => {
    const decode = list({ devices: [trialDevice()] }).filter(({ stage }) => stage === "decode");
    expect(lines(decode)).toEqual([
      "0 decode h264 8: the driver does not speak of it",
      "0 decode h264 10: the driver does not speak of it",
      "0 decode hevc 8: run",
      "0 decode hevc 10: the driver has no Main 10",
      "0 decode av1 8: the driver does not speak of it",
      "0 decode av1 10: the driver does not speak of it",
      "0 decode vp9 8: the driver does not speak of it",
      "0 decode vp9 10: the driver does not speak of it",
    ]);
    expect(decode.find(({ known }) => known === null)).toMatchObject({ limits: SIZES });
    const old = lines(list({ devices: [trialDevice()], ffmpeg: { version: "6.0.1" } }));
    expect(old).toContain("0 decode hevc 8: not in ffmpeg 6.0.1; it came with ffmpeg 6.1");
  });

  test("scaling, and encoders through Vulkan on every device, with what the driver says of each", () => {
    const all = list({ devices: [trialDevice(), trialDevice(other)] });
    const vulkan = lines(all).filter((line) => /scale|vulkan/.test(line));
    const each = (index: number) => [
      `${index} encode h264_vulkan 8: run`,
      `${index} encode hevc_vulkan 8: the driver has no queue`,
      `${index} encode hevc_vulkan 10: run`,
      `${index} hdr hevc_vulkan 10: run`,
      `${index} encode av1_vulkan 8: run`,
      `${index} encode av1_vulkan 10: run`,
      `${index} hdr av1_vulkan 10: run`,
      `${index} encode ffv1_vulkan 8: run`,
      `${index} encode ffv1_vulkan 10: run`,
      `${index} encode prores_ks_vulkan 10: run`,
    ];
    const scale = [0, 1].flatMap((index) => [8, 10].map((depth) => `${index} scale ${depth}: run`));
    expect(vulkan).toEqual([...scale, ...each(0), ...each(1)]);
    const h264 = all.find((trial) => trial.stage === "encode" && trial.encoder.encoder === "h264_vulkan");
    expect(h264).toMatchObject({ open: { upload: ["hwupload"] }, limits: { max_qp: 51 } });
  });

  test("HDR to SDR on every device and on the CPU; HDR's metadata by encoders that cannot be told them", () => {
    const all = lines(list({ devices: [trialDevice()], built_in: new Set(["libx265", "libaom-av1"]) }));
    expect(all.filter((line) => line.includes("tone_map"))).toEqual([
      "0 tone_map 8: run",
      "0 tone_map 10: run",
      "- tone_map 8: run",
    ]);
    expect(all.filter((line) => line.includes("- hdr") && line.endsWith("run"))).toEqual([
      "- hdr libaom-av1 10: run",
    ]);
  });

  test("a vendor's encoders on each of its devices, else once on the system's choice; software once", () => {
    const where = (devices: Parameters<typeof list>[0]) =>
      lines(list(devices)).flatMap(
        (line) => /^(\S+) encode (?:h264_nvenc|h264_qsv|libx264) 8/.exec(line)?.[0] ?? [],
      );
    const both = { devices: [trialDevice(), trialDevice(other)] };
    const cpu = "- encode libx264 8";
    expect(where({})).toEqual(["- encode h264_nvenc 8", "- encode h264_qsv 8", cpu]);
    expect(where(both)).toEqual([
      "0 encode h264_nvenc 8",
      "1 encode h264_nvenc 8",
      "- encode h264_nvenc 8",
      "- encode h264_qsv 8",
      cpu,
    ]);
    const last = list(both).filter(({ last_resort }) => last_resort);
    expect(new Set(lines(last).map((line) => line.split("_")[1]?.slice(0, 5)))).toEqual(new Set(["nvenc"]));
  });

  test("nothing on a device that nobody wants", () => {
    const trials = list({ devices: [trialDevice({ type: "cpu" }, "not asked for")] });
    const there = trials.filter(({ device }) => device !== null);
    expect(there.length).toBeGreaterThan(10);
    for (const { known } of there) expect(known).toBe("not asked for");
  });

  test("no encoder that ffmpeg was built without, and a word on the version that has it", () => {
    const built_in = new Set(["libx264", "aac"]);
    const shown = lines(list({ built_in, devices: [trialDevice()] }));
    expect(shown).toContain("- encode libx264 10: run");
    expect(shown).toContain("- audio aac : run");
    expect(shown).toContain("- audio libopus : not in this ffmpeg");
    expect(shown).toContain("0 encode h264_vulkan 8: not in this ffmpeg; it came with ffmpeg 7.1");
    expect(shown).toContain("0 encode hevc_vulkan 8: the driver has no queue");
  });
});

test("every trial has a key of its own, and another one as soon as the driver is", () => {
  const keys = (driver: string) =>
    list({ devices: [trialDevice({ driver }), trialDevice({ ...other, driver })] }).map(trialKey);
  const [before, after] = [keys("NVIDIA 1"), keys("NVIDIA 2")];
  expect(new Set(before).size).toBe(before.length);
  const same = before.filter((key) => after.includes(key));
  expect(same.filter((key) => key.includes("NVIDIA"))).toEqual([]);
  expect(same).toContain("encode software libx264 8");
});

test.each([
  ["5.1.9-0+deb12u1", "6.1", true],
  ["6.0", "6.1", true],
  ["6.1.1-3ubuntu5", "6.1", false],
  ["n7.1", "6.1", false],
  ["10.0", "9.1", false],
  ["N-118000-gabcdef", "6.1", false],
  ["2026-01-01-git-abc-full_build-www.gyan.dev", "6.1", false],
])("%s is older than %s: %p", (version, than, older) => {
  expect(isOlder(version, than)).toBe(older);
});
