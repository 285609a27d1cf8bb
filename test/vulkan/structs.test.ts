import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as codecs from "../../src/vulkan/codec-structs.ts";
import type { Layout } from "../../src/vulkan/layout.ts";
import * as structs from "../../src/vulkan/structs.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { cc } from "../support/vulkan.ts";

const LAYOUTS: Layout[] = [...Object.values<Layout>(structs), ...Object.values<Layout>(codecs)];

test("each structure is written down once", () => {
  expect(new Set(LAYOUTS.map(({ name }) => name)).size).toBe(LAYOUTS.length);
  expect(structs.PHYSICAL_DEVICE_PROPERTIES.size).toBe(824);
});

const asked = await askCompiler();
const told = (layout: Layout) => asked.lines.filter((line) => line.startsWith(`${layout.name} `));
const missing = LAYOUTS.filter((layout) => told(layout).length === 0).map(({ name }) => name);

testOr(asked.trouble, "structures are laid out as a C compiler does it", () => {
  for (const layout of LAYOUTS.filter(({ name }) => !missing.includes(name)))
    expect(told(layout)).toEqual(described(layout));
  expect(missing).not.toContain("VkPhysicalDeviceProperties2");
});

const tooOld =
  missing.length === 0 ? null : (asked.trouble ?? `too old for ${missing.length} of ${LAYOUTS.length}`);
testOr(tooOld, "the Vulkan headers here have every structure", () => {
  expect(missing).toEqual([]);
});

/** What a C program prints about a structure. */
function described({ name, type, size, members }: Layout): string[] {
  return [
    `${name} size ${size}`,
    ...(type === null ? [] : [`${name} type ${type}`]),
    ...Object.entries(members).map(([member, { offset }]) => `${name} ${member} ${offset}`),
  ];
}

/** The lines of a program that asks this machine's Vulkan headers, or why there is none. CPATH can name others. */
async function askCompiler(): Promise<{ lines: string[]; trouble: string | null }> {
  if (cc === null) return { lines: [], trouble: "no C compiler" };
  const folder = await mkdtemp(join(tmpdir(), "vc-structs-"));
  try {
    const { PATH = "", CPATH = "" } = process.env;
    const env = CPATH === "" ? { PATH } : { PATH, CPATH };
    await writeFile(join(folder, "structs.c"), program());
    const compiled = await run({ cmd: [cc, "-o", "structs", "structs.c"], cwd: folder, env });
    if (/vulkan\.h/.test(compiled.stderr)) return { lines: [], trouble: "no Vulkan headers (libvulkan-dev)" };
    expect(compiled).toMatchObject({ exit: 0, stderr: "" });
    const { stdout } = await run({ cmd: [join(folder, "structs")], cwd: folder, env });
    return { lines: stdout.trim().split("\n"), trouble: null };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function program(): string {
  const prints = LAYOUTS.flatMap(({ name, type, members }) => [
    `#ifdef ${extensionOf(name)}`,
    `printf("${name} size %zu\\n", sizeof(${name}));`,
    ...(type === null ? [] : [`printf("${name} type %d\\n", ${typeName(name)});`]),
    ...Object.keys(members).map(
      (member) => `printf("${name} ${member} %zu\\n", offsetof(${name}, ${member}));`,
    ),
    "#endif",
  ]);
  const head = [
    "#include <stddef.h>",
    "#include <stdio.h>",
    "#include <vulkan/vulkan.h>",
    "int main(void) {",
  ];
  return [...head, ...prints, "return 0;", "}", ""].join("\n");
}

/** The macro that headers define which have the structure. */
function extensionOf(name: string): string {
  const codec = /^VkVideo(Decode|Encode)(H264|H265|AV1|VP9)/.exec(name);
  if (codec !== null) return `VK_KHR_video_${codec[1]}_${codec[2]}`.toLowerCase().replace("vk_khr", "VK_KHR");
  if (name.startsWith("VkVideoDecode")) return "VK_KHR_video_decode_queue";
  if (name.startsWith("VkVideoEncode")) return "VK_KHR_video_encode_queue";
  return name.includes("Video") ? "VK_KHR_video_queue" : "VK_VERSION_1_1";
}

/** VK_STRUCTURE_TYPE_VIDEO_DECODE_H264_PROFILE_INFO_KHR, for VkVideoDecodeH264ProfileInfoKHR. */
function typeName(name: string): string {
  const words = name
    .slice("Vk".length)
    .replace(/([a-z0-9])(?=[A-Z])/g, "$1_")
    .replace(/(?<=[A-Z])(?=[A-Z][a-z])/g, "_")
    .replace(/2$/, "_2");
  return `VK_STRUCTURE_TYPE_${words}`.toUpperCase();
}
