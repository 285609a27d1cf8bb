import { describe, expect, test } from "bun:test";
import { mergeHdr, parseHdr, type SideData } from "../../src/ffmpeg/probe-hdr.ts";
import { DISPLAY, hdrRecord, LIGHT } from "./hdr-records.ts";

/** As ffprobe 5.1 prints them of a frame. */
const MASTERING = {
  side_data_type: "Mastering display metadata",
  ...{ red_x: "34000/50000", red_y: "16000/50000", green_x: "13250/50000", green_y: "34500/50000" },
  ...{
    blue_x: "7500/50000",
    blue_y: "3000/50000",
    white_point_x: "15635/50000",
    white_point_y: "16450/50000",
  },
  ...{ min_luminance: "50/10000", max_luminance: "10000000/10000" },
};
const CONTENT = { side_data_type: "Content light level metadata", max_content: 900, max_average: 400 };
const record = (dv_profile: number, dv_bl_signal_compatibility_id: number) => ({
  ...{ side_data_type: "DOVI configuration record", dv_profile, dv_bl_signal_compatibility_id },
});
const rpu = (vdr_rpu_profile: number, flags: { full?: number; spatial?: number; disabled?: number }) => ({
  ...{ side_data_type: "Dolby Vision Metadata", vdr_rpu_profile, bl_video_full_range_flag: flags.full ?? 0 },
  el_spatial_resampling_filter_flag: flags.spatial ?? 0,
  disable_residual_flag: flags.disabled ?? 0,
});

describe("what side data say", () => {
  const rows: [string, SideData[], ReturnType<typeof parseHdr>][] = [
    ["nothing", [], null],
    ["nothing of HDR", [{ side_data_type: "Display Matrix", rotation: -90 }, { side_data_type: null }], null],
    ["HDR10", [MASTERING, CONTENT], hdrRecord()],
    ["a display alone", [MASTERING], hdrRecord({ light: null })],
    [
      "HDR10+",
      [{ side_data_type: "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)" }],
      hdrRecord({ mastering: null, light: null, hdr10_plus: true }),
    ],
    ["empty light levels", [{ ...CONTENT, max_content: 0, max_average: 0 }], null],
    ["levels that are no numbers", [{ ...CONTENT, max_content: "many" }], null],
    [
      "an empty display",
      [
        Object.fromEntries(
          Object.entries(MASTERING).map(([name, value]) => [
            name,
            name === "side_data_type" ? value : "0/50000",
          ]),
        ) as SideData,
      ],
      null,
    ],
    ["a display without a part", [{ ...MASTERING, red_x: undefined }], null],
    ["division by nothing", [{ ...MASTERING, red_x: "1/0" }], null],
    [
      "a display that is lighter than the standard allows",
      [{ ...MASTERING, max_luminance: "200000000/10000" }],
      null,
    ],
    ["a display that is darker than black", [{ ...MASTERING, min_luminance: "20000000/10000" }], null],
    ["a colour that cannot be", [{ ...MASTERING, green_y: "65535/50000" }], null],
  ];
  test.each(rows)("%s", (_name, data, expected) => {
    const hdr = parseHdr(data);
    if (expected === null || hdr === null) expect(hdr).toBe(expected);
    else expect(hdr).toEqual(expected);
  });

  test.each([
    ["its record", [record(8, 1)], { profile: 8, compatibility: 1 }],
    [
      "its record rather than its pictures",
      [rpu(0, { full: 1 }), record(8, 4)],
      { profile: 8, compatibility: 4 },
    ],
    ["pictures of profile 5", [rpu(0, { full: 1 })], { profile: 5, compatibility: 0 }],
    ["pictures of profile 7", [rpu(1, { spatial: 1 })], { profile: 7, compatibility: 6 }],
    ["pictures of profile 8", [rpu(1, {})], { profile: 8, compatibility: null }],
    [
      "pictures of profile 8 that were 7",
      [rpu(1, { spatial: 1, disabled: 1 })],
      { profile: 8, compatibility: null },
    ],
  ])("Dolby Vision by %s", (_name, data, dolby_vision) => {
    expect(parseHdr(data)?.dolby_vision).toEqual(dolby_vision);
  });
});

test("the container's word counts, its pictures' fills the gaps", () => {
  const container = hdrRecord({ light: null, dolby_vision: { profile: 8, compatibility: 1 } });
  const pictures = hdrRecord({ mastering: { ...DISPLAY, max_luminance: 4000 }, hdr10_plus: true });
  expect(mergeHdr(container, pictures)).toEqual({ ...container, light: LIGHT, hdr10_plus: true });
  expect(mergeHdr(null, pictures)).toBe(pictures);
  expect(mergeHdr(container, null)).toBe(container);
});
