import type { Capabilities } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import type { PlanSummary } from "../shared/job.ts";
import type { VideoStream } from "../shared/media.ts";
import { FAMILIES } from "./encoders/families.ts";
import type { Encoder, EncoderFamily } from "./encoders/family.ts";
import { outputSize } from "./plan-video.ts";
import { type Refusal, refusal } from "./refusal.ts";

export type EncoderChoice = {
  family: EncoderFamily;
  encoder: Encoder;
  bit_depth: 8 | 10;
  passed_over: PlanSummary["passed_over"];
  notes: string[];
};

/** The first encoder in the order of families that was proven and can hold the film; and why those before cannot. */
export function chooseEncoder(of: {
  film: VideoStream;
  conversion: Conversion;
  capabilities: Capabilities;
}): EncoderChoice | { refusal: Refusal } {
  const wanted = wantedDepth(of.film, of.conversion);
  const depths: (8 | 10)[] = wanted === 10 && of.conversion.bit_depth === null ? [10, 8] : [wanted];
  const passed_over: PlanSummary["passed_over"] = [];
  for (const bit_depth of depths) {
    for (const family of FAMILIES) {
      for (const encoder of family.encoders.filter(({ codec }) => codec === of.conversion.codec)) {
        const why = whyNot({ ...of, family: family.family, encoder, bit_depth });
        if (why === null)
          return { family, encoder, bit_depth, passed_over, notes: depthNotes(wanted, bit_depth) };
        passed_over.push({ family: family.family, why: `${encoder.encoder}: ${why}` });
      }
    }
  }
  return refuse(of.conversion, passed_over);
}

/** h264 gets 8 bits unless 10 are asked for: few players show more. The others keep what the source has. */
function wantedDepth(film: VideoStream, conversion: Conversion): 8 | 10 {
  if (conversion.bit_depth !== null) return conversion.bit_depth;
  return conversion.codec !== "h264" && film.bit_depth > 8 ? 10 : 8;
}

function whyNot(of: {
  film: VideoStream;
  conversion: Conversion;
  capabilities: Capabilities;
  family: string;
  encoder: Encoder;
  bit_depth: 8 | 10;
}): string | null {
  const { encoder, capabilities } = of;
  const proven = capabilities.encoders.find(
    (one) => one.family === of.family && one.encoder === encoder.encoder && one.codec === encoder.codec,
  );
  if (proven === undefined) {
    const tried = capabilities.refused.find(
      (one) => one.family === of.family && one.encoder === encoder.encoder,
    );
    return tried?.why ?? "not proven on this machine";
  }
  if (of.bit_depth === 10 && (!proven.ten_bit || !encoder.formats.some((one) => one.bit_depth === 10)))
    return "no 10 bits";
  const size = outputSize(of.film, of.conversion.target_resolution);
  const { min_size } = encoder;
  const fits = size.width >= min_size.width && size.height >= min_size.height;
  return fits ? null : `takes no picture below ${min_size.width}x${min_size.height}`;
}

function depthNotes(wanted: number, got: number): string[] {
  return wanted === got ? [] : ["The film's 10 bits a sample became 8: no encoder here takes more."];
}

/** Another worker may have what this one lacks, so the job is not given up. */
function refuse(conversion: Conversion, passed_over: PlanSummary["passed_over"]): { refusal: Refusal } {
  const depth = conversion.bit_depth === 10 ? " with 10 bits" : "";
  const whys = passed_over.map(({ why }) => why).join("; ");
  return refusal(
    "retry",
    "worker_error",
    `This worker cannot encode ${conversion.codec}${depth} (${whys}). Install an ffmpeg that can.`,
  );
}
