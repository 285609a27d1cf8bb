import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import { FAMILY_NAMES, type GpuFact, type GpuUse, type Rate } from "../../src/shared/gpu.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { FOREVER, makeFake, WITHOUT_GPU } from "./fake.ts";
import { gpuRecord } from "./gpu-record.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Films whose ladder is: decode on the GPU, or all on the CPU; the ffmpeg with a GPU is as fast as a test wants. */
const LIMIT_MS = 120_000;
const GPU_RUNG = "Card (driver 1.0): h264 8, decode vulkan, filter cpu, encode libx264";
const CPU_RUNG = "cpu: h264 8, decode cpu, filter cpu, encode libx264";
const known = { preset: "ultrafast", kind: "1920x1080 420 yuv420p", frames: 120 };
const rate = (rung: string, fps: number): Rate => ({ rung, ...known, fps });
/** What a program says that makes 130 frames in that time, and is warm at once. */
const framesIn = (ms: number) =>
  `const warm = argv[argv.indexOf("-frames:v") + 1] === "24";
  beat(10);
  setTimeout(() => { beat(140, "end"); process.exit(0); }, warm ? 1 : ${ms});`;
const SLOW = framesIn(12_000);
const FAST = framesIn(1);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let source = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  source = await makeClip({ name: "plain.mp4", path: join(folder.path, "plain.mp4") });
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

/** A film on a machine whose ffmpeg runs `body` when a GPU's speed is measured, and makes films with it otherwise. */
async function run(
  name: string,
  body: string,
  gpu: Partial<GpuUse> = {},
  awaitTurn: (() => Promise<Rate[]>) | null = null,
) {
  const { ffmpeg, ...rest } = await thisMachine();
  const measured = join(folder.path, `${name}.measured`);
  const program = `${WITHOUT_GPU}
    if (!argv.includes("-init_hw_device")) process.exit(real(argv));
    if (!argv.includes("-stream_loop")) process.exit(cpu());
    fs.appendFileSync(${JSON.stringify(measured)}, "x");
    ${body}`;
  const path = await makeFake(folder.path, name, program, ffmpeg.path);
  const facts: GpuFact[] = [];
  const ended = await convert(
    { source, target: join(folder.path, `${name}.mp4`) },
    {},
    {
      capabilities: { ...rest, gpus: [gpuRecord({ id: "Card" })], ffmpeg: { ...ffmpeg, path } },
      gpu: {
        ...{ use_vulkan: "auto", device: "Card", no_device: null, families: FAMILY_NAMES },
        ...{ suspects: [], rates: [], ...gpu },
      },
      onGpuFact: (fact) => facts.push(fact),
      ...(awaitTurn === null ? {} : { awaitTurn }),
    },
  );
  if (ended.outcome !== "done") throw new Error(ended.message);
  const { plan } = ended.report;
  const whys = plan?.passed_over.map(({ why }) => why).filter((why) => why.includes("measured")) ?? [];
  return { decode: plan?.decode, whys, facts, measured: existsSync(measured) };
}

test(
  "a GPU that was measured slower is passed over, with both rates, and they are told for the next films",
  async () => {
    const { decode, whys, facts } = await run("slow", SLOW);
    const rates = facts.flatMap((fact) => (fact.type === "rate" ? [fact.rate] : []));
    expect(rates).toEqual([
      { rung: GPU_RUNG, ...known, fps: expect.any(Number), frames: 130 },
      { rung: CPU_RUNG, ...known, fps: expect.any(Number), frames: expect.any(Number) },
    ] as never);
    const [gpu, cpu] = rates;
    expect(gpu?.fps).toBeLessThan(11);
    // A machine that is busy with other things may make even fewer.
    const slower = (cpu?.frames ?? 0) >= 120 && (cpu?.fps ?? 0) > (gpu?.fps ?? 0);
    const why = `decode through Vulkan on Card: measured ${gpu?.fps.toFixed(1)} frames a second, against ${cpu?.fps.toFixed(1)} with the CPU alone`;
    expect({ decode, whys }).toEqual(
      slower ? { decode: "cpu", whys: [why] } : { decode: "vulkan", whys: [] },
    );
    expect(facts.slice(2).map(({ type }) => type)).toEqual(["measured", slower ? "unused" : "proven"]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("vc-rates-"))).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a GPU that was measured faster is taken",
  async () => {
    const { decode, whys, facts } = await run("fast", FAST, { rates: [rate(CPU_RUNG, 5)] });
    expect({ decode, whys }).toEqual({ decode: "vulkan", whys: [] });
    expect(facts.map(({ type }) => type)).toEqual(["rate", "measured", "proven"]);
  },
  LIMIT_MS,
);

test.each<[string, Partial<GpuUse>, string, number]>([
  ["known to be slower", { rates: [rate(GPU_RUNG, 41), rate(CPU_RUNG, 66)] }, "cpu", 1],
  ["known to be faster", { rates: [rate(GPU_RUNG, 66), rate(CPU_RUNG, 41)] }, "vulkan", 0],
  ["asked for by name", { use_vulkan: true }, "vulkan", 0],
  [
    "asked for by name and slower",
    { use_vulkan: true, rates: [rate(GPU_RUNG, 41), rate(CPU_RUNG, 66)] },
    "vulkan",
    0,
  ],
])(
  "a GPU that is %s is not measured",
  async (name, gpu, expected, passed) => {
    const { decode, whys, measured } = await run(name.replaceAll(" ", "-"), SLOW, gpu);
    expect({ decode, measured, passed: whys.length }).toEqual({ decode: expected, measured: false, passed });
  },
  LIMIT_MS,
);

test(
  "a GPU that fails at the clip is passed over and suspected",
  async () => {
    const body = 'say("[vulkan @ 0x1] [error] Device lost"); process.exit(1);';
    const { decode, whys, facts } = await run("fails", body, { rates: [rate(CPU_RUNG, 66)] });
    const why = "failed while its speed was measured: Device lost";
    expect(decode).toBe("cpu");
    expect(whys).toEqual([`decode through Vulkan on Card: ${why}`]);
    expect(facts).toEqual([
      { type: "suspect", suspect: { rung: GPU_RUNG, why } },
      { type: "measured" },
      { type: "unused" },
    ]);
  },
  LIMIT_MS,
);

test(
  "an ffmpeg that has finished its measurement and does not exit costs seconds, and its rate counts",
  async () => {
    const body = `beat(10); setTimeout(() => beat(140, "end"), 1); ${FOREVER}`;
    const { decode, facts } = await run("lingers", body, { rates: [rate(CPU_RUNG, 5)] });
    expect(decode).toBe("vulkan");
    expect(facts.map(({ type }) => type)).toEqual(["rate", "measured", "proven"]);
  },
  LIMIT_MS,
);

testOr(
  unlessFull,
  "a way that can only be measured in other pictures than 1080p is measured, also for films of a codec without a clip",
  async () => {
    const film = join(folder.path, "old.avi");
    const made = Bun.spawnSync(
      "ffmpeg -v error -y -f lavfi -i testsrc2=s=256x128:d=1:r=25 -c:v mpeg4".split(" ").concat(film),
    );
    expect(made.exitCode).toBe(0);
    const { ffmpeg, encoders, ...rest } = await thisMachine();
    const body = `${WITHOUT_GPU}
      if (!argv.includes("-stream_loop") || !argv.includes("ffv1_vulkan")) process.exit(real(argv));
      ${SLOW}`;
    const path = await makeFake(folder.path, "ffv1", body, ffmpeg.path);
    const open = { input: ["-init_hw_device", "vulkan=vk:0"], upload: ["hwupload"], output: [] };
    const proof = { family: "vulkan", codec: "ffv1", encoder: "ffv1_vulkan", ten_bit: true } as const;
    const facts: GpuFact[] = [];
    const ended = await convert(
      { source: film, target: join(folder.path, "old.mkv") },
      { codec: "ffv1", container: "mkv" },
      {
        capabilities: {
          ...{ ...rest, gpus: [gpuRecord({ id: "Card" })], ffmpeg: { ...ffmpeg, path } },
          encoders: [...encoders, { ...proof, device: "Card", open, limits: null }],
        },
        gpu: {
          ...{ use_vulkan: "auto", device: "Card", no_device: null, families: FAMILY_NAMES },
          ...{ suspects: [], rates: [] },
        },
        onGpuFact: (fact) => facts.push(fact),
      },
    );
    expect(ended).toMatchObject({
      outcome: "done",
      report: { plan: { encoder: "ffv1", family: "software" } },
    });
    const rates = facts.flatMap((fact) => (fact.type === "rate" ? [fact.rate] : []));
    const of = { kind: expect.stringMatching(/^1920x1152 420 .*yuv420p$/), preset: "ultrafast" };
    expect(rates).toMatchObject([
      { ...of, rung: expect.stringContaining("encode ffv1_vulkan"), frames: 130 },
      { ...of, rung: expect.stringContaining("encode ffv1") },
    ]);
    // How fast the CPU is here and now is not known.
    const [gpu, cpu] = rates;
    if (gpu === undefined || cpu === undefined || cpu.frames < 120 || gpu.fps >= cpu.fps) return;
    expect(ended.report.plan?.passed_over.map(({ why }) => why)).toContainEqual(
      expect.stringMatching(
        /ffv1_vulkan.*: measured 10\.\d frames a second, against \d+\.\d with the CPU alone$/,
      ),
    );
  },
  LIMIT_MS,
);

test(
  "a film waits until no other one measures, and does not measure what that one did",
  async () => {
    const order: string[] = [];
    const awaitTurn = async () => {
      order.push("asked");
      return [rate(GPU_RUNG, 41), rate(CPU_RUNG, 66)];
    };
    const { decode, measured, facts } = await run("waits", SLOW, {}, awaitTurn);
    expect({ decode, measured, order }).toEqual({ decode: "cpu", measured: false, order: ["asked"] });
    expect(facts.map(({ type }) => type)).toEqual(["measured", "unused"]);
  },
  LIMIT_MS,
);
