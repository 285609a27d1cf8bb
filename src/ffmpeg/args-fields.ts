import type { FieldPlan } from "./plan-scan.ts";

/** Filters that make of a film's fields what is planned, for pictures as they are stored. */
export function fieldFilters(fields: FieldPlan): string[] {
  const parity = { top: "tff", bottom: "bff" };
  switch (fields?.how) {
    case "deinterlace": {
      const order = fields.first === null ? "auto" : parity[fields.first];
      return [`bwdif=mode=send_${fields.per}:parity=${order}:deint=all`, WHOLE];
    }
    case "match": {
      const order = fields.first === null ? "auto" : parity[fields.first];
      // What finds no partner stays combed, and is marked so.
      const match = `fieldmatch=order=${order}:mode=pc_n:combmatch=full`;
      return [match, "bwdif=mode=send_frame:parity=auto:deint=interlaced", WHOLE];
    }
    case "keep":
      return fields.first === null ? [] : [`setfield=${parity[fields.first]}`];
    case "deny":
      return [WHOLE];
    default:
      return [];
  }
}

const WHOLE = "setfield=prog";

/** What makes an encoder write pictures of two fields. */
export function fieldOptions(fields: FieldPlan): string[] {
  return fields?.how === "keep" && fields.coded ? ["-flags:v:0", "+ildct+ilme"] : [];
}
