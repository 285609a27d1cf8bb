import type { FieldPlan } from "./plan-scan.ts";
import type { VideoPlan } from "./plan-video.ts";

/** Filters that make of a film's fields what is planned, for pictures as they are stored. */
export function fieldFilters(fields: FieldPlan): string[] {
  switch (fields?.how) {
    case "deinterlace": {
      const order = fields.first === null ? "auto" : PARITY[fields.first];
      return [`bwdif=mode=send_${fields.per}:parity=${order}:deint=all`, WHOLE];
    }
    case "match": {
      const order = fields.first === null ? "auto" : PARITY[fields.first];
      // What finds no partner stays combed, and is marked so.
      const match = `fieldmatch=order=${order}:mode=pc_n:combmatch=full`;
      return [match, "bwdif=mode=send_frame:parity=auto:deint=interlaced", WHOLE];
    }
    case "keep":
      return fields.first === null ? [] : [`setfield=${PARITY[fields.first]}`];
    case "deny":
      return [WHOLE];
    default:
      return [];
  }
}

const WHOLE = "setfield=prog";

const PARITY = { top: "tff", bottom: "bff" };

/** What makes an encoder write pictures of two fields. libx264 begins with the top one unless it is told. */
export function fieldOptions({ fields, encoder }: Pick<VideoPlan, "fields" | "encoder">): string[] {
  if (fields?.how !== "keep" || !fields.coded) return [];
  const order =
    fields.first === null || encoder !== "libx264" ? [] : ["-x264-params", `${PARITY[fields.first]}=1`];
  return ["-flags:v:0", "+ildct+ilme", ...order];
}
