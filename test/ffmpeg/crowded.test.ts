import { expect, test } from "bun:test";
import { join } from "node:path";
import { countCrowded } from "../../src/ffmpeg/crowded.ts";
import { createTimeline } from "../../src/ffmpeg/timeline.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

test.each([
  ["nothing", [], 0],
  ["an ordinary film", [0, 0.04, 0.08], 0],
  ["a thousand pictures a second", [0, 0.001, 0.002], 0],
  ["one moment", [0, 1, 1.00006, 1.00012, 2], 2],
])("%s", (_, times_s, crowded) => expect(countCrowded(Float64Array.from(times_s))).toBe(crowded));

test("packets that stand a second back are told from those that are only stored in another order", () => {
  const behind = (times_s: number[]) => {
    const timeline = createTimeline();
    for (const time_s of times_s) timeline.add(time_s, 0.04);
    return timeline.result().behind;
  };
  const part = Array.from({ length: 100 }, (_, n) => 0.04 * (n % 3 === 0 ? n + 3 : n));
  expect(behind(part)).toBe(0);
  expect(behind([...part, ...part])).toBeGreaterThan(20);
});

test.each([
  ["webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]],
  ["mp4", ["-c:v", "libx264", "-g", "25", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]],
])(
  "a %s that was glued from parts of one clock is refused",
  async (extension, options) => {
    const folder = await temporaryFolder();
    try {
      const part = join(folder.path, `part.${extension}`);
      const { ffmpeg } = await thisMachine();
      const source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4"];
      expect(Bun.spawnSync([ffmpeg.path, "-v", "error", ...source, ...options, part]).exitCode).toBe(0);
      const glued = join(folder.path, `glued.${extension}`);
      const bytes = await Bun.file(part).bytes();
      await Bun.write(glued, Buffer.concat([bytes, bytes]));
      const ended = await convert({ source: glued, target: join(folder.path, "result.mp4") });
      expect(ended).toMatchObject({ outcome: "permanent", reason: "unsupported" });
      expect("message" in ended && ended.message).toContain("glued from parts");
      const whole = await convert({ source: part, target: join(folder.path, "whole.mp4") });
      expect(whole.outcome).toBe("done");
    } finally {
      await folder.remove();
    }
  },
  60_000,
);
