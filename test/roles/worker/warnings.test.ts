import { expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createWarnings } from "../../../src/roles/worker/warnings.ts";
import { until } from "../../support/until.ts";
import { type Farm, withFarm } from "./farm.ts";

test("warnings hold until they are taken back, and are cut to what a heartbeat may hold", () => {
  const warnings = createWarnings();
  warnings.set("a", "first");
  warnings.set("b", "x".repeat(5000));
  warnings.set("a", "second");
  expect(warnings.list().map((text) => text.slice(0, 10))).toEqual(["second", "x".repeat(10)]);
  expect(warnings.list()[1]).toHaveLength(1000);
  warnings.set("a", null);
  for (let n = 0; n < 50; n += 1) warnings.set(`c${n}`, "c");
  expect(warnings.list()).toHaveLength(20);
});

/** An ffmpeg that waits for a file before it does anything. */
async function slowFfmpeg({ site }: Farm) {
  const path = join(site.folder, "slow-ffmpeg");
  const go = join(site.folder, "go");
  await writeFile(path, `#!/bin/sh\nwhile [ ! -e '${go}' ]; do sleep 0.1; done\nexec ffmpeg "$@"\n`);
  await chmod(path, 0o755);
  return { path, go: () => writeFile(go, "") };
}

test(
  "people see at once that a worker tries things out, and then what they should know of it",
  () =>
    withFarm(async (farm) => {
      await farm.master(["a.mkv"]);
      const ffmpeg = await slowFfmpeg(farm);
      const taken = join(farm.site.folder, "taken");
      await writeFile(taken, "");
      // No regular heartbeat comes in the time that this takes.
      const settings = { heartbeat_interval: "1h" };
      const worker = await farm.worker(`done("converted");`, settings, {
        ffmpeg: { path: ffmpeg.path, ffprobe_path: "ffprobe" },
        vulkan: { preferred_device: "No such card" },
        storage: { cache_path: join(taken, "cache") },
      });
      const seen = async () => {
        const { body } = await farm.site.call("/api/workers");
        return (body.workers as { doing: string | null; warnings: string[] }[])[0];
      };
      await until("it says what it does", async () => (await seen())?.doing?.startsWith("trying out what"));
      expect((await farm.job("a.mkv")).status).toBe("pending");
      await ffmpeg.go();
      await until("it is ready", async () => (await seen())?.doing === null);
      await until("it warns", async () => (await seen())?.warnings.length === 2);
      expect((await seen())?.warnings.toSorted()).toEqual([
        expect.stringMatching(/^No GPU is used, although vulkan.preferred_device is "No such card": /),
        expect.stringMatching(
          /^What ffmpeg and the GPUs can do cannot be kept in .*capabilities.json: not a directory.$/,
        ),
      ] as never);
      expect(worker.warnings()).toHaveLength(2);
    }),
  300_000,
);
