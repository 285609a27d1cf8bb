import type { Conversion } from "../shared/conversion.ts";
import type { Encoder } from "./encoders/family.ts";
import type { Size } from "./plan-size.ts";
import { type Refusal, refusal } from "./refusal.ts";

/** Why no machine at all can make a film so small; null where one may. `encoders`: all that vc knows. */
export function refuseSmall(
  { width, height }: Size,
  codec: Conversion["codec"],
  encoders: Encoder[],
): { refusal: Refusal } | null {
  const smallest = encoders.filter((one) => one.codec === codec).map(({ min_size }) => min_size);
  if (smallest.some((least) => width >= least.width && height >= least.height)) return null;
  const least = smallest.reduce((best, one) =>
    one.width * one.height < best.width * best.height ? one : best,
  );
  const message = `No encoder of ${codec} takes pictures of ${width}x${height}: they need ${least.width}x${least.height} at least. h264 and prores take them.`;
  return refusal("permanent", "unsupported", message);
}
