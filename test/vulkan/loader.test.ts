import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLoader } from "../../src/vulkan/loader.ts";
import { placeText } from "../../src/vulkan/memory.ts";
import { run } from "../support/processes.ts";
import { ROOT } from "../support/sources.ts";
import { testOr } from "../support/test-or.ts";
import { cc, noFakeDriver } from "../support/vulkan.ts";

test("what cannot be opened is told, of the best name", () => {
  const missing = openLoader(["libno-such-vulkan.so.1", "libother.so"]);
  expect(missing).toHaveProperty("trouble", expect.stringContaining("libno-such-vulkan.so.1"));
  expect(openLoader([])).toEqual({ trouble: "this system has no name for it" });
});

testOr(noFakeDriver, "another library than Vulkan's is passed over", () => {
  expect(openLoader(["libc.so.6"])).toHaveProperty(
    "trouble",
    expect.stringContaining("vkGetInstanceProcAddr"),
  );
  expect(openLoader(["libc.so.6", "libvulkan.so.1"])).toHaveProperty("library", "libvulkan.so.1");
});

testOr(noFakeDriver, "the loader's functions are found by name", () => {
  const loader = openLoader();
  if ("trouble" in loader) throw new Error(loader.trouble);
  const none = loader.find({ instance: 0n, name: "vkNoSuchFunction", arguments: 1 });
  const ask = loader.find({ instance: 0n, name: "vkEnumerateInstanceVersion", arguments: 1 });
  const version = placeText("....");
  expect(none).toBeNull();
  expect(ask?.(version.address)).toBe(0);
  expect(version.view.getUint32(0, true) >>> 22).toBe(1);
});

testOr(noFakeDriver, "a library that lies in the current folder is not loaded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-planted-"));
  try {
    await writeFile(join(folder, "planted.c"), "long vkGetInstanceProcAddr(void) { return 0; }\n");
    const env = { PATH: process.env.PATH ?? "" };
    const cmd = [cc ?? "cc", "-shared", "-fPIC", "-o", "libplanted.so.1", "planted.c"];
    expect(await run({ cmd, cwd: folder, env })).toMatchObject({ exit: 0 });
    const script = `import { openLoader } from ${JSON.stringify(join(ROOT, "src/vulkan/loader.ts"))};
      console.log(JSON.stringify([openLoader(["libplanted.so.1"]), process.cwd()]));`;
    const { stdout } = await run({ cmd: [process.execPath, "-e", script], cwd: folder, env });
    expect(JSON.parse(stdout)).toEqual([{ trouble: expect.stringContaining("libplanted.so.1") }, folder]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
