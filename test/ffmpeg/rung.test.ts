import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import { FAMILY_NAMES, type GpuFact, type GpuUse } from "../../src/shared/gpu.ts";
import { FOREVER, makeFake, WITHOUT_GPU } from "./fake.ts";
import { gpuRecord } from "./gpu-record.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/**
 * A machine that believes in its GPU, and an ffmpeg that does something else whenever it is to use one. The film is
 * scaled, so that its ladder has three rungs: decode and filter through Vulkan, decode alone, and the CPU.
 */
const LIMIT_MS = 180_000;
const DEAF = 'process.on("SIGTERM", () => {});';
const SMALL = { target_resolution: { width: 240, height: 180 } };
const DECODES = "Card (driver 1.0): h264 8, decode vulkan, filter";
const USE: GpuUse = {
  use_vulkan: true,
  device: "Card",
  no_device: null,
  families: FAMILY_NAMES,
  suspects: [],
  rates: [],
};
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let whole = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  whole = await makeClip({ name: "plain.mp4", path: join(folder.path, "plain.mp4") });
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

/** A machine whose ffmpeg runs `body` when it is to use a GPU; in `body`, `cpu(filter)` makes the film without. */
async function machineWith(name: string, body: string): Promise<Capabilities> {
  const { ffmpeg, ...rest } = await thisMachine();
  const program = `${WITHOUT_GPU}
    if (!argv.includes("-init_hw_device")) process.exit(real(argv));
    ${body}`;
  const path = await makeFake(folder.path, name.replaceAll(" ", "-"), program, ffmpeg.path);
  return { ...rest, gpus: [gpuRecord({ id: "Card" })], ffmpeg: { ...ffmpeg, path } };
}

async function run(
  name: string,
  body: string,
  options: { source?: string; gpu?: Partial<GpuUse>; stall_timeout_ms?: number } = {},
) {
  const target = join(folder.path, `${name}.mp4`);
  const facts: GpuFact[] = [];
  const ended = await convert({ source: options.source ?? whole, target }, SMALL, {
    capabilities: await machineWith(name, body),
    gpu: { ...USE, ...options.gpu },
    limits: {
      job_timeout_ms: 0,
      ffmpeg_timeout_ms: 0,
      stall_timeout_ms: options.stall_timeout_ms ?? 60_000,
    },
    graces: { kill_ms: 300, end_ms: 2000, gone_ms: 10_000 },
    onGpuFact: (fact) => facts.push(fact),
  });
  return { ended, facts, kept: existsSync(target) };
}

const suspectsOf = (facts: GpuFact[]) =>
  facts.flatMap((fact) => (fact.type === "suspect" ? [fact.suspect] : []));

describe("an ffmpeg that, with a GPU,", () => {
  const rows: [string, string, string][] = [
    [
      "hangs half-way and is deaf to SIGTERM",
      `${DEAF} fs.writeFileSync(target, "half"); beat(1); ${FOREVER}`,
      "ffmpeg made no progress for 5 s",
    ],
    [
      "hangs after its last word with half a film",
      `${DEAF} cpu("trim=end_frame=20"); ${FOREVER}`,
      "The file says",
    ],
    ["exits 0 with a short film", 'process.exit(cpu("trim=end_frame=20"));', "The file says"],
    ["exits 0 with nothing", "process.exit(0);", "The result cannot be read"],
    ["dies on a signal", 'beat(1); process.kill(process.pid, "SIGSEGV");', "ffmpeg ended by SIGSEGV"],
    ["makes green pictures", 'process.exit(cpu("drawbox=color=green:t=fill"));', "its picture stands still"],
    [
      "cannot open its device",
      'say("[AVHWDeviceContext @ 0x1] [error] Device creation failed"); process.exit(218);',
      "Device creation failed",
    ],
    [
      "says that the film is damaged",
      'say("[h264 @ 0x1] [error] Error while decoding stream #0:0: x"); process.exit(69);',
      "could not be decoded",
    ],
  ];
  test.each(rows)(
    "%s: the film is made without, in the same attempt",
    async (name, body, why) => {
      const hangs = name.startsWith("hangs half-way");
      const { ended, facts, kept } = await run(name, body, hangs ? { stall_timeout_ms: 5000 } : {});
      expect(ended).toMatchObject({ outcome: "done", report: { plan: { decode: "cpu", filter: "cpu" } } });
      expect(kept).toBe(true);
      const { plan, notes, command, earlier = [] } = ended.report;
      expect(earlier.map(({ plan }) => plan.decode)).toContain("vulkan");
      expect(earlier[0]).toMatchObject({
        plan: { decode: "vulkan", filter: "vulkan" },
        message: expect.stringContaining(why),
        command: expect.arrayContaining(["-init_hw_device"]),
      } as never);
      expect(command).not.toContain("-init_hw_device");
      expect(plan?.passed_over.map((one) => one.why)).toContainEqual(
        expect.stringContaining(`decode and filter through Vulkan on Card: failed: `),
      );
      expect(notes?.at(-1)).toEndWith("The film was then made on the CPU (libx264).");
      const suspects = suspectsOf(facts);
      expect(suspects).toHaveLength(earlier.length);
      expect(suspects[0]?.rung).toStartWith(`${DECODES} vulkan, encode libx264`);
      expect(suspects[0]?.why).toContain(why);
      expect(facts.filter(({ type }) => type === "proven")).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "never exits after a whole film: the film is kept, nothing is encoded again",
    async () => {
      const { ended, facts } = await run("lingers", `${DEAF} cpu(); ${FOREVER}`);
      expect(ended).toMatchObject({
        outcome: "done",
        report: { plan: { decode: "vulkan", filter: "vulkan", device: "Card" } },
      });
      expect(ended.report.earlier).toBeUndefined();
      expect(ended.report.notes?.at(-1)).toStartWith("ffmpeg had written the whole film but did not exit");
      expect(facts).toEqual([{ type: "proven", rung: `${DECODES} vulkan, encode libx264` }]);
    },
    LIMIT_MS,
  );

  test(
    "works: nothing is suspected and the CPU is not asked",
    async () => {
      const { ended, facts } = await run("works", "process.exit(cpu());");
      expect(ended).toMatchObject({ outcome: "done", report: { plan: { filter: "vulkan" } } });
      expect(ended.report.notes).toEqual([]);
      expect(facts.map(({ type }) => type)).toEqual(["proven"]);
    },
    LIMIT_MS,
  );

  test(
    "fails at filtering alone: decoding is left to it, and is proven",
    async () => {
      const body = 'process.exit(argv.join(" ").includes("scale_vulkan") ? 1 : cpu());';
      const { ended, facts } = await run("half-works", body);
      expect(ended).toMatchObject({
        outcome: "done",
        report: { plan: { decode: "vulkan", filter: "cpu" }, earlier: [{ plan: { filter: "vulkan" } }] },
      });
      expect(facts.map((fact) => [fact.type, "rung" in fact ? fact.rung : fact.type])).toEqual([
        ["suspect", "suspect"],
        ["proven", `${DECODES} cpu, encode libx264`],
      ]);
    },
    LIMIT_MS,
  );
});

test(
  "a source that is damaged for the CPU, too, makes no suspect",
  async () => {
    const source = await makeClip({ name: "cut.mkv", path: join(folder.path, "cut.mkv") });
    const { ended, facts, kept } = await run("reads", "process.exit(cpu());", { source });
    expect(ended).toMatchObject({ outcome: "permanent", reason: "source_damaged" });
    expect(ended.report.plan).toMatchObject({ decode: "cpu" });
    expect(ended.report.earlier).toHaveLength(1);
    expect(facts).toEqual([{ type: "unused" }]);
    expect(kept).toBe(false);
  },
  LIMIT_MS,
);

test(
  "a full disk is not the GPU's fault",
  async () => {
    const body = 'say("[error] x: No space left on device"); process.exit(1);';
    const { ended, facts } = await run("fills", body);
    expect(ended).toMatchObject({ outcome: "retry", reason: "disk_full" });
    expect(ended.report.earlier).toBeUndefined();
    expect(facts).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a rung that is suspected is not tried, and the report says why",
  async () => {
    const suspects = ["vulkan", "cpu"].map((filter) => ({
      rung: `${DECODES} ${filter}, encode libx264`,
      why: "it hung (tried again in 60 min)",
    }));
    const { ended } = await run("is not asked", "process.exit(cpu());", { gpu: { suspects } });
    expect(ended).toMatchObject({ outcome: "done", report: { plan: { decode: "cpu", filter: "cpu" } } });
    const whys = ended.report.plan?.passed_over.map(({ why }) => why).join("; ");
    expect(whys).toContain("it hung (tried again in 60 min)");
  },
  LIMIT_MS,
);
