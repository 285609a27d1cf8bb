import { join } from "node:path";
import { x265Hdr } from "./encoders/hdr.ts";
import { fileUrl } from "./guard.ts";
import type { HdrQuestion } from "./trial-list.ts";
import { TRIAL_RATE, trialSize } from "./trial-pictures.ts";
import { no, type Outcome, PROVEN, runTrial } from "./trial-run.ts";
import type { Limited } from "./trial-stages.ts";

/**
 * Whether an encoder hands on what its pictures say of HDR (mastering display, light levels). Their film is made by x265,
 * whose own options say it. What the result's pictures say is read back by ffmpeg's showinfo.
 */
export async function tryHdr(bench: Limited, of: HdrQuestion): Promise<Outcome> {
  const { width, height } = trialSize(of.format.align);
  const name = `hdr-${width}x${height}.hevc`;
  const source = await bench.once(name, () => makeSource(bench, { name, size: `${width}x${height}` }));
  if (source.why !== null) return no(`x265 could not make its film: ${source.why}`);
  const film = fileUrl(join(bench.folder, `${crypto.randomUUID()}.mkv`));
  const { format, open, encoder, bit_depth } = of;
  const settings = { preset: "ultrafast", bit_depth, limits: of.limits, frame_rate: TRIAL_RATE } as const;
  const options = encoder.options({ rate: { kind: "quality", quality: 20 }, ...settings });
  const made = await runTrial({
    ...bench,
    options: [
      ...[...open.input, "-i", source.path, "-vf", [`format=${format.input}`, ...open.upload].join(",")],
      ...["-c:v", encoder.encoder, ...options, ...open.output],
      ...["-fps_mode", "passthrough", "-f", "matroska", film],
    ],
  });
  if (made.outcome.why !== null) return made.outcome;
  const seen = await runTrial({
    ...bench,
    options: [
      "-v",
      "info",
      "-i",
      film,
      "-map",
      "0:v:0",
      "-vf",
      "showinfo",
      "-frames:v",
      "1",
      "-f",
      "null",
      "-",
    ],
  });
  if (seen.outcome.why !== null) return seen.outcome;
  const shown = seen.lines.filter((line) => line.includes("showinfo")).join("\n");
  const told = /mastering display/i.test(shown) && /MaxCLL=\s*777\b/.test(shown);
  return told ? PROVEN : no("it does not write what its pictures say of HDR");
}

const LIGHT = { max_content: 777, max_average: 333 };
const DISPLAY = {
  ...{ red: { x: 0.68, y: 0.32 }, green: { x: 0.265, y: 0.69 }, blue: { x: 0.15, y: 0.06 } },
  ...{ white: { x: 0.3127, y: 0.329 }, min_luminance: 0.005, max_luminance: 1000 },
};

async function makeSource(
  bench: Limited,
  { name, size }: { name: string; size: string },
): Promise<{ path: string; why: string | null }> {
  const path = fileUrl(join(bench.folder, name));
  const params = ["log-level=error", ...x265Hdr({ mastering: DISPLAY, light: LIGHT })].join(":");
  const { outcome } = await runTrial({
    ...bench,
    options: [
      ...["-f", "lavfi", "-i", `testsrc=s=${size}:r=${TRIAL_RATE.num}:d=0.2`, "-vf", "format=yuv420p10le"],
      ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", params],
      // A raw stream has no header that could say it.
      ...["-f", "hevc", path],
    ],
  });
  return { path, why: outcome.why };
}
