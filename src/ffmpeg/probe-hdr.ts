import * as v from "valibot";
import type { Chromaticity, DolbyVision, Hdr, MasteringDisplay, StaticHdr } from "../shared/media.ts";

/** One entry of ffprobe's `side_data_list`, of a stream or of a frame. */
export type SideData = { side_data_type: string | null; [field: string]: unknown };

/**
 * What ffprobe's side data say about HDR; null if nothing. Values that no screen has (an empty record is all zeros)
 * count as not said.
 */
export function parseHdr(side_data: SideData[]): Hdr | null {
  const of = (kind: RegExp) => side_data.find((data) => kind.test(data.side_data_type ?? ""));
  const hdr: Hdr = {
    mastering: parseMastering(of(/^Mastering display/i)),
    light: parseLight(of(/^Content light/i)),
    hdr10_plus: of(/HDR10\+|2094-40/i) !== undefined,
    dolby_vision: parseRecord(of(/^DOVI configuration/i)) ?? guessProfile(of(/^Dolby Vision Metadata/i)),
  };
  return isEmpty(hdr) ? null : hdr;
}

/** What is known from both; what the first says counts. */
export function mergeHdr(first: Hdr | null, second: Hdr | null): Hdr | null {
  if (first === null || second === null) return first ?? second;
  return {
    mastering: first.mastering ?? second.mastering,
    light: first.light ?? second.light,
    hdr10_plus: first.hdr10_plus || second.hdr10_plus,
    dolby_vision: first.dolby_vision ?? second.dolby_vision,
  };
}

function isEmpty({ mastering, light, hdr10_plus, dolby_vision }: Hdr): boolean {
  return mastering === null && light === null && !hdr10_plus && dolby_vision === null;
}

/** Such as "34000/50000". */
const fraction = v.pipe(
  v.string(),
  v.regex(/^\d{1,10}\/\d{1,10}$/),
  v.transform((text) => {
    const [num = 0, den = 0] = text.split("/").map(Number);
    return num / den;
  }),
  v.finite(),
);

const Mastering = v.object({
  ...{ red_x: fraction, red_y: fraction, green_x: fraction, green_y: fraction },
  ...{ blue_x: fraction, blue_y: fraction, white_point_x: fraction, white_point_y: fraction },
  ...{ min_luminance: fraction, max_luminance: fraction },
});

function parseMastering(data: SideData | undefined): MasteringDisplay | null {
  const parsed = v.safeParse(Mastering, data);
  if (!parsed.success) return null;
  const { output } = parsed;
  const display = {
    red: { x: output.red_x, y: output.red_y },
    green: { x: output.green_x, y: output.green_y },
    blue: { x: output.blue_x, y: output.blue_y },
    white: { x: output.white_point_x, y: output.white_point_y },
    min_luminance: output.min_luminance,
    max_luminance: output.max_luminance,
  };
  const points = [display.red, display.green, display.blue, display.white];
  return points.every(isColor) && isLuminance(display) ? display : null;
}

function isColor({ x, y }: Chromaticity): boolean {
  return x > 0 && y > 0 && x <= 1 && y <= 1;
}

/** ST 2084 ends at 10,000 cd/m2. */
function isLuminance(of: { min_luminance: number; max_luminance: number }): boolean {
  return of.max_luminance >= 1 && of.max_luminance <= 10_000 && of.min_luminance < of.max_luminance;
}

const nits = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(65_535));
const Light = v.object({ max_content: nits, max_average: nits });

function parseLight(data: SideData | undefined): StaticHdr["light"] {
  const parsed = v.safeParse(Light, data);
  // CTA-861.3: zero stands for "not known".
  if (!parsed.success || (parsed.output.max_content === 0 && parsed.output.max_average === 0)) return null;
  return parsed.output;
}

const Configuration = v.object({ dv_profile: v.number(), dv_bl_signal_compatibility_id: v.number() });

function parseRecord(data: SideData | undefined): DolbyVision | null {
  const parsed = v.safeParse(Configuration, data);
  if (!parsed.success) return null;
  const { dv_profile, dv_bl_signal_compatibility_id } = parsed.output;
  return { profile: dv_profile, compatibility: dv_bl_signal_compatibility_id };
}

const flag = v.fallback(v.number(), 0);
const Rpu = v.object({
  ...{ vdr_rpu_profile: v.number(), bl_video_full_range_flag: flag },
  ...{ el_spatial_resampling_filter_flag: flag, disable_residual_flag: flag },
});

/** Without a configuration in the container, the pictures' own metadata tell the profiles apart, as in libavcodec. */
function guessProfile(data: SideData | undefined): DolbyVision | null {
  const parsed = v.safeParse(Rpu, data);
  if (!parsed.success) return null;
  const rpu = parsed.output;
  if (rpu.vdr_rpu_profile === 0 && rpu.bl_video_full_range_flag === 1)
    return { profile: 5, compatibility: 0 };
  const enhanced = rpu.el_spatial_resampling_filter_flag === 1 && rpu.disable_residual_flag === 0;
  return rpu.vdr_rpu_profile === 1 && enhanced
    ? { profile: 7, compatibility: 6 }
    : { profile: 8, compatibility: null };
}
