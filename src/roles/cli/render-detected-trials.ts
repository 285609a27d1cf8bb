import type { Capabilities, ProvenEncoder, RefusedEncoder } from "../../shared/capabilities.ts";
import type { BitDepth, Gpu, SourceCodec } from "../../shared/gpu.ts";
import { printable } from "../../shared/printable.ts";
import type { Branch } from "./tree.ts";

/** What trials have shown of one device: what they proved (✓), and what not (✗), with the reason. */
export function trialBranches(gpu: Gpu, { encoders, refused }: Capabilities): Branch[] {
  const here = ({ device }: { device: string | null }) => device === gpu.id;
  return [
    { text: "Decoding:", below: decoding(gpu) },
    { text: "Scaling:", below: pictureLines("scale", gpu.scale, gpu.refused) },
    ...(gpu.tone_map === undefined
      ? []
      : [{ text: "HDR to SDR:", below: pictureLines("tone_map", gpu.tone_map, gpu.refused) }]),
    { text: "Encoding:", below: encoderLines(encoders.filter(here), refused.filter(here)) },
  ];
}

/** One line for each encoder that works, and one for each reason why others do not. */
export function encoderLines(proven: ProvenEncoder[], refused: RefusedEncoder[]): string[] {
  const whys = Map.groupBy(refused, ({ why }) => why);
  return [
    ...proven.map(({ codec, encoder, ten_bit }) => `✓ ${codec}: ${encoder}${encoderDepths(codec, ten_bit)}`),
    ...[...whys].map(([why, all]) => `✗ ${list(all.map(({ encoder }) => encoder))}: ${printable(why)}`),
  ];
}

export const CODEC_NAMES: Record<SourceCodec, string> = {
  h264: "H.264",
  hevc: "HEVC",
  av1: "AV1",
  vp9: "VP9",
};

/** Such as `8 and 10 bits`. */
export function bits(depths: BitDepth[]): string {
  return `${depths.join(" and ")} bits`;
}

function decoding({ decode, refused }: Gpu): string[] {
  const proven = [...Map.groupBy(decode, ({ codec }) => codec)].map(([codec, all]) => {
    const { max_width = 0, max_height = 0 } = all[0]?.limits ?? {};
    const depths = bits(all.map(({ bit_depth }) => bit_depth));
    return `✓ ${CODEC_NAMES[codec]} (${depths}, up to ${max_width}x${max_height})`;
  });
  const whys = Map.groupBy(
    refused.filter(({ stage }) => stage === "decode"),
    ({ why }) => why,
  );
  const vain = [...whys].map(([why, all]) => {
    const codecs = Map.groupBy(all, ({ codec }) => codec);
    const names = [...codecs].map(([codec, of]) =>
      codec === null ? "" : `${CODEC_NAMES[codec]} (${bits(of.map(({ bit_depth }) => bit_depth))})`,
    );
    return `✗ ${list(names)}: ${printable(why)}`;
  });
  return [...proven, ...vain];
}

function pictureLines(name: "scale" | "tone_map", proven: BitDepth[], refused: Gpu["refused"]): string[] {
  const whys = Map.groupBy(
    refused.filter(({ stage }) => stage === name),
    ({ why }) => why,
  );
  return [
    ...(proven.length === 0 ? [] : [`✓ ${bits(proven)}`]),
    ...[...whys].map(([why, all]) => `✗ ${bits(all.map(({ bit_depth }) => bit_depth))}: ${printable(why)}`),
  ];
}

/** Sound has no bits to speak of, and ProRes always has 10. */
function encoderDepths(codec: string, ten_bit: boolean): string {
  if (codec === "aac" || codec === "opus") return "";
  if (codec === "prores") return " (10 bits)";
  return ten_bit ? " (8 and 10 bits)" : " (8 bits)";
}

function list(words: string[]): string {
  return [...new Set(words)].join(", ");
}
