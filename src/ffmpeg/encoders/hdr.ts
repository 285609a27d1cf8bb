import type { Chromaticity, StaticHdr } from "../../shared/media.ts";

/** HDR's metadata as the encoders' own options say them. */

/**
 * x265: chromaticities in steps of 1/50000, luminance in steps of 1/10000 cd/m2 (ITU-T H.265, D.3.28), with every
 * keyframe, so that players find them wherever they begin.
 */
export function x265Hdr(hdr: StaticHdr | null): string[] {
  if (hdr === null) return [];
  const { mastering, light } = hdr;
  const point = ({ x, y }: Chromaticity) => `(${Math.round(x * 50_000)},${Math.round(y * 50_000)})`;
  return [
    ...["hdr10=1", "repeat-headers=1"],
    ...(mastering === null
      ? []
      : [
          [
            `master-display=G${point(mastering.green)}B${point(mastering.blue)}R${point(mastering.red)}`,
            `WP${point(mastering.white)}`,
            `L(${Math.round(mastering.max_luminance * 10_000)},${Math.round(mastering.min_luminance * 10_000)})`,
          ].join(""),
        ]),
    ...(light === null ? [] : [`max-cll=${light.max_content},${light.max_average}`]),
  ];
}

/** SVT-AV1 takes plain numbers; its colons would end an option of ffmpeg's list, so each is a value of its own. */
export function svtHdr(hdr: StaticHdr | null): string[] {
  if (hdr === null) return [];
  const { mastering, light } = hdr;
  const point = ({ x, y }: Chromaticity) => `(${x.toFixed(5)},${y.toFixed(5)})`;
  const display =
    mastering === null
      ? []
      : [
          [
            `mastering-display=G${point(mastering.green)}B${point(mastering.blue)}R${point(mastering.red)}`,
            `WP${point(mastering.white)}L(${mastering.max_luminance.toFixed(4)},${mastering.min_luminance.toFixed(4)})`,
          ].join(""),
        ];
  const levels = light === null ? [] : [`content-light=${light.max_content},${light.max_average}`];
  return ["-svtav1-params", ["enable-hdr=1", ...display, ...levels].join(":")];
}

/** ITU-T H.273's numbers; null for none. */
export function chromaLocation(name: string | null): number | null {
  const at = ["left", "center", "topleft", "top", "bottomleft", "bottom"].indexOf(name ?? "");
  return at === -1 ? null : at;
}
