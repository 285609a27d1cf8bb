import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { createGpus, type GpuLease, type Gpus } from "../../../src/roles/worker/gpus.ts";
import { createWarnings } from "../../../src/roles/worker/warnings.ts";
import type { Capabilities } from "../../../src/shared/capabilities.ts";
import { WorkerConfig } from "../../../src/shared/config-worker.ts";
import { CPU_ONLY, rungKey } from "../../../src/shared/gpu.ts";
import { capabilities } from "../../ffmpeg/records.ts";
import { logLines } from "../../support/log-lines.ts";
import { until } from "../../support/until.ts";
import { gpu } from "./gpu-records.ts";

const HOUR_MS = 3_600_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-gpus-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const one = gpu({ id: "uuid-1", index: 0 });
const two = gpu({ id: "uuid-2", index: 1 });
const machine = (changes: Partial<Capabilities> = {}) => capabilities({ gpus: [one, two], ...changes });

let now_ms = 1_800_000_000_000;
let files = 0;
/** The pool of a machine; those with one `file` are one worker that was started again. */
async function pool(of: { file?: string; found?: Capabilities; vulkan?: object; ffmpeg?: object } = {}) {
  const config = v.parse(WorkerConfig, { vulkan: of.vulkan ?? {}, ffmpeg: of.ffmpeg ?? {} });
  const { log, lines } = logLines();
  const file = of.file ?? join(folder, `${++files}`, "gpu-memory.json");
  const warnings = createWarnings();
  const gpus = createGpus({ config, file, log, warnings, now_ms: () => now_ms });
  await gpus.see(of.found ?? machine());
  return { gpus, lines, file, warnings };
}

const rung = (device = one) =>
  rungKey({
    device,
    decode: "vulkan",
    filter: "vulkan",
    family: "software",
    encoder: "libx264",
    source_codec: "hevc",
    source_bit_depth: 8,
  });
const rate = { rung: rung(), preset: "medium", kind: "1920x1080 420", fps: 41, frames: 150 };
/** A film for which the GPU failed, and perhaps made it in another way. */
function fail(gpus: Gpus, { device = one, made_film = false } = {}): void {
  const lease = gpus.take();
  lease.learn({ type: "suspect", suspect: { rung: rung(device), why: "it hung" } });
  if (made_film) lease.learn({ type: "proven", rung: rung(device).replace("decode vulkan", "decode cpu") });
  lease.release();
}

test("films are spread over the cards, and one more goes without", async () => {
  const { gpus } = await pool({ vulkan: { slots_per_device: 1 } });
  const leases = [gpus.take(), gpus.take(), gpus.take()];
  expect(leases.map(({ use }) => use.device)).toEqual(["uuid-1", "uuid-2", null]);
  expect(leases[2]?.use.no_device).toContain("all 2 slots (vulkan.slots_per_device)");
  leases[1]?.release();
  leases[1]?.release();
  expect(gpus.take().use.device).toBe("uuid-2");
  expect(gpus.take().use.device).toBeNull();
});

test("what an attempt may use is what was configured", async () => {
  const { gpus } = await pool({
    ffmpeg: { use_vulkan: true, encoders: ["software"] },
    vulkan: { preferred_device: 1, enable_validation: true },
  });
  expect(gpus.take().use).toEqual({
    ...CPU_ONLY,
    use_vulkan: true,
    device: "uuid-2",
    no_device: null,
    validation: true,
  });
});

test("a film that turns out not to need its GPU leaves it to the next", async () => {
  const { gpus } = await pool({ vulkan: { slots_per_device: 1, preferred_device: "0" } });
  const first = gpus.take();
  expect(gpus.take().use.device).toBeNull();
  first.learn({ type: "unused" });
  expect(gpus.take().use.device).toBe("uuid-1");
  first.release();
  expect(gpus.take().use.device).toBeNull();
});

test("one film at a time measures rates, and the next one knows of them", async () => {
  const { gpus } = await pool();
  const [first, second, third] = [gpus.take(), gpus.take(), gpus.take()];
  const begun: string[] = [];
  const begins = (name: string, lease: GpuLease) =>
    lease.turn().then((rates) => begun.push(`${name} knows ${rates.length}`));
  await begins("first", first);
  const others = [begins("second", second), begins("third", third)];
  first.learn({ type: "rate", rate });
  await Promise.resolve();
  expect(begun).toEqual(["first knows 0"]);
  // What ends without a word does not hold up the others, nor does one that never got its turn.
  second.release();
  first.release();
  await Promise.race(others);
  third.learn({ type: "measured" });
  await gpus.take().turn();
  expect(begun).toEqual(["first knows 0", "third knows 1"]);
});

test.each<[string, Parameters<typeof pool>[0], string]>([
  ["without a GPU", { found: machine({ gpus: [] }) }, "Vulkan shows no GPU"],
  ["that may not use it", { ffmpeg: { use_vulkan: false } }, "ffmpeg.use_vulkan is false"],
  ["without the named one", { vulkan: { preferred_device: "RTX" } }, 'no device is called "RTX"'],
])("a machine %s says so and works on the CPU", async (_, of, why) => {
  const { gpus, lines } = await pool(of);
  expect(gpus.take().use).toMatchObject({ device: null, no_device: expect.stringContaining(why) });
  expect(gpus.standings()).toEqual([]);
  expect(lines).toEqual(["no GPU is used"]);
});

test.each<[string, Parameters<typeof pool>[0], string[]]>([
  ["that nobody asked for", { found: machine({ gpus: [] }) }, []],
  ["that nobody wants", { vulkan: { preferred_device: "RTX" }, ffmpeg: { use_vulkan: false } }, []],
  [
    "asked for by name",
    { vulkan: { preferred_device: "RTX" } },
    [
      'No GPU is used, although vulkan.preferred_device is "RTX": no device is called "RTX" (vulkan.preferred_device); there are: NVIDIA L4 (0), NVIDIA L4 (1).',
    ],
  ],
  [
    "asked for at all",
    { found: machine({ gpus: [] }), ffmpeg: { use_vulkan: true } },
    ["No GPU is used, although ffmpeg.use_vulkan is true: Vulkan shows no GPU on this machine."],
  ],
])("a GPU %s that is not there: people are warned", async (_, of, texts) => {
  const { gpus, warnings } = await pool(of);
  expect(warnings.list()).toEqual(texts);
  await gpus.see(machine({ gpus: [gpu({ name: "RTX 4090" })] }));
  expect(warnings.list()).toEqual([]);
});

test("people are warned of a memory that cannot be kept, as long as that is so", async () => {
  const taken = join(folder, "taken");
  await writeFile(taken, "");
  const { gpus, lines, warnings } = await pool({ file: join(taken, "gpu-memory.json") });
  fail(gpus);
  const text = `What is learned about GPUs cannot be kept in ${join(taken, "gpu-memory.json")}: `;
  await until("they are warned", () => warnings.list()[0]?.startsWith(text));
  await rm(taken);
  fail(gpus, { device: two });
  await until("it is over", () => warnings.list().length === 0);
  expect(lines.filter((line) => line === "what is learned about GPUs cannot be kept")).toHaveLength(1);
});

test("a suspect is told to the next films, also after a restart, until its cool-down is over", async () => {
  const { gpus, lines, file } = await pool();
  fail(gpus, { made_film: true });
  expect(lines).toContain("a GPU failed");
  const suspects = [{ rung: rung(), why: "it hung (tried again in 60 min)" }];
  expect(gpus.take().use.suspects).toEqual(suspects);
  await until("it is in the file", async () => (await Bun.file(file).text()).includes("it hung"));
  const again = await pool({ file });
  expect(again.gpus.take().use.suspects).toEqual(suspects);
  now_ms += HOUR_MS;
  expect(again.gpus.take().use.suspects).toEqual([]);
  expect(await readdir(join(file, ".."))).toEqual(["gpu-memory.json"]);
});

test("rates are remembered, for this ffmpeg alone", async () => {
  const { gpus, file } = await pool();
  gpus.take().learn({ type: "rate", rate });
  expect(gpus.take().use.rates).toEqual([rate]);
  await until("it is in the file", () => Bun.file(file).exists());
  expect((await pool({ file })).gpus.take().use.rates).toEqual([rate]);
  const { ffmpeg } = machine();
  const found = machine({ ffmpeg: { ...ffmpeg, version: "9.0.2" } });
  expect((await pool({ file, found })).gpus.take().use.rates).toEqual([]);
});

test("who removes the file makes a worker forget that runs", async () => {
  const { gpus, file } = await pool();
  fail(gpus, { made_film: true });
  await until("it is in the file", async () => (await Bun.file(file).text()).includes("it hung"));
  await until("it is known to be there", () => gpus.take().use.suspects.length === 1);
  // What was learned is written in two steps: the second may come after the file was removed.
  await until("it is forgotten", async () => {
    await rm(file, { force: true });
    return gpus.take().use.suspects.length === 0;
  });
  expect(gpus.standings().map(({ state }) => state)).toEqual(["ok", "ok"]);
});

test.each(["", "{", '{"ffmpeg":1}', "null"])("a memory that reads %p is ignored", async (text) => {
  const file = join(folder, "broken.json");
  await writeFile(file, text);
  expect((await pool({ file })).gpus.take().use).toMatchObject({ device: "uuid-1", suspects: [], rates: [] });
});

test("a memory that cannot be written costs nothing", async () => {
  const { gpus } = await pool({ file: join("/dev/null", "gpu-memory.json") });
  fail(gpus);
  await gpus.see(machine());
  expect(gpus.take().use.device).toBe("uuid-1");
});

test("a card that fails three films in a row is parked, the other one works on", async () => {
  const { gpus, lines } = await pool();
  for (const _ of [1, 2, 3]) fail(gpus);
  expect(lines.filter((line) => line === "a GPU is parked")).toHaveLength(1);
  expect(gpus.standings()).toMatchObject([
    { gpu: { id: "uuid-1" }, state: "parked", problem: expect.stringContaining("it hung") },
    { gpu: { id: "uuid-2" }, state: "ok", problem: null },
  ]);
  const both = [gpus.take(), gpus.take(), gpus.take()];
  expect(both.map(({ use }) => use.device)).toEqual(["uuid-2", "uuid-2", null]);
  expect(both[2]?.use.no_device).toStartWith(
    "NVIDIA L4 is parked (tried again in 30 min): it failed in 3 films",
  );
  now_ms += HOUR_MS;
  expect(gpus.take().use.device).toBe("uuid-1");
});

test("a card whose other ways make films is not parked, nor one for encoders that are on no card of ours", async () => {
  const { gpus } = await pool();
  for (const _ of [1, 2, 3]) fail(gpus, { made_film: true });
  const nvenc = rungKey({
    ...{ device: null, decode: "cpu", filter: "cpu", source_codec: "h264", source_bit_depth: 8 },
    ...{ family: "nvenc", encoder: "h264_nvenc" },
  });
  for (const _ of [1, 2, 3]) {
    const lease = gpus.take();
    lease.learn({ type: "suspect", suspect: { rung: nvenc, why: "it died" } });
    lease.release();
  }
  expect(gpus.standings().map(({ state }) => state)).toEqual(["failing", "ok"]);
});
