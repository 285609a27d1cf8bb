import type { PictureFormat } from "./family.ts";

/** Pictures as encoders take them, by how the samples of brightness and colour lie. */

/** Three planes, as most encoders on the CPU take them. */
export const PLANAR_420: PictureFormat[] = [
  { chroma: "420", bit_depth: 8, input: "yuv420p", result: "yuv420p" },
  { chroma: "420", bit_depth: 10, input: "yuv420p10le", result: "yuv420p10le" },
];

/** Two planes, the second with both colours, as GPUs take them. */
export const NV12: PictureFormat = { chroma: "420", bit_depth: 8, input: "nv12", result: "yuv420p" };
export const P010: PictureFormat = { chroma: "420", bit_depth: 10, input: "p010le", result: "yuv420p10le" };

export const PLANAR_422_10: PictureFormat = {
  ...{ chroma: "422", bit_depth: 10 },
  ...{ input: "yuv422p10le", result: "yuv422p10le" },
};

/** Of ProRes 4444, whose decoder always gives 12 bits. */
export const PRORES_444: PictureFormat[] = [
  { chroma: "444", bit_depth: 10, input: "yuv444p10le", result: "yuv444p12le" },
  { chroma: "444", bit_depth: 10, input: "yuva444p10le", result: "yuva444p12le", alpha: true },
];

const planar = (chroma: PictureFormat["chroma"], bit_depth: 8 | 10, name: string): PictureFormat => ({
  ...{ chroma, bit_depth, input: name, result: name },
});
const transparent = (format: PictureFormat): PictureFormat => ({ ...format, alpha: true });

/** Red, green and blue, and everything with transparency. */
export const RGB_AND_TRANSPARENT: PictureFormat[] = [
  planar("rgb", 8, "bgr0"),
  planar("rgb", 10, "gbrp10le"),
  ...[
    planar("420", 8, "yuva420p"),
    planar("422", 8, "yuva422p"),
    planar("444", 8, "yuva444p"),
    planar("420", 10, "yuva420p10le"),
    planar("422", 10, "yuva422p10le"),
    planar("444", 10, "yuva444p10le"),
    planar("rgb", 8, "bgra"),
    planar("rgb", 10, "gbrap10le"),
  ].map(transparent),
];

/** Every kind of YUV that a lossless encoder can keep as it is. */
export const PLANAR_ALL: PictureFormat[] = [
  ...PLANAR_420,
  { chroma: "422", bit_depth: 8, input: "yuv422p", result: "yuv422p" },
  PLANAR_422_10,
  { chroma: "444", bit_depth: 8, input: "yuv444p", result: "yuv444p" },
  { chroma: "444", bit_depth: 10, input: "yuv444p10le", result: "yuv444p10le" },
];
