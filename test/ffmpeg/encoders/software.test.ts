import { describe, expect, test } from "bun:test";
import { software } from "../../../src/ffmpeg/encoders/software.ts";

function options(encoder: string, rate: { quality: number } | { bit_rate: number }): string {
  const found = software.encoders.find((one) => one.encoder === encoder);
  if (found === undefined) throw new Error(`no ${encoder}`);
  const control =
    "quality" in rate ? { kind: "quality" as const, ...rate } : { kind: "bit_rate" as const, ...rate };
  return found
    .options({ rate: control, preset: "medium", bit_depth: 8, frame_rate: null, limits: null })
    .join(" ");
}

describe("quality on x264's scale", () => {
  const rows: [string, number, string][] = [
    ["libx264", 0, "-crf 0"],
    ["libx264", 23, "-crf 23"],
    ["libx265", 23, "-crf 28"],
    ["libx265", 51, "-crf 51"],
    ["libsvtav1", 0, "-crf 0"],
    ["libsvtav1", 23, "-crf 35"],
    ["libsvtav1", 51, "-crf 63"],
    ["libaom-av1", 19, "-crf 23"],
    ["libaom-av1", 51, "-crf 63"],
  ];
  test.each(rows)("%s at %d", (encoder, quality, part) => {
    expect(` ${options(encoder, { quality })} `).toContain(` ${part} `);
  });

  test.each(["libx264", "libx265", "libsvtav1", "libaom-av1"])(
    "%s falls with every step, within its scale",
    (encoder) => {
      const scale = Array.from({ length: 52 }, (_, quality) =>
        Number(/-crf (\d+)/.exec(options(encoder, { quality }))?.[1]),
      );
      expect(scale).toEqual([...scale].sort((a, b) => a - b));
      expect(Math.max(...scale)).toBeLessThanOrEqual(encoder.startsWith("libx") ? 51 : 63);
    },
  );
});

test.each([
  [34, 18, true],
  [1280, 48, true],
  [64, 64, false],
])("x265 and %dx%d pictures", (width, height, expected) => {
  const x265 = software.encoders.find((one) => one.encoder === "libx265");
  const settings = { preset: "medium", bit_depth: 8, frame_rate: null, limits: null } as const;
  const told = x265?.options({
    ...settings,
    rate: { kind: "quality", quality: 23 },
    size: { width, height },
  });
  expect(told?.join(" ").includes("cutree=0")).toBe(expected);
});
