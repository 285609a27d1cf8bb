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

/** Everything that a lossless encoder can keep as it is. */
export const PLANAR_ALL: PictureFormat[] = [
  ...PLANAR_420,
  { chroma: "422", bit_depth: 8, input: "yuv422p", result: "yuv422p" },
  PLANAR_422_10,
  { chroma: "444", bit_depth: 8, input: "yuv444p", result: "yuv444p" },
  { chroma: "444", bit_depth: 10, input: "yuv444p10le", result: "yuv444p10le" },
];
