import * as v from "valibot";
import {
  bitRate,
  duration,
  fileSize,
  key,
  mayLack,
  name,
  patterns,
  section,
  yesNo,
} from "./config-values.ts";
import type { Conversion } from "./conversion.ts";

/** What of the `conversion` section a profile changes; what it leaves out stays as it is there. */
export type ConversionChange = { [K in keyof Conversion]?: Conversion[K] | undefined };

/** The `rules` section of a master's file. `conversion` gives the entries of the section that profiles change. */
export function rulesSection(conversion: () => v.ObjectEntries) {
  const Profile = v.strictObject({
    name: v.optional(name),
    match: patterns,
    conversion: v.lazy(() => changeOf(conversion())),
  });
  const profiles = v.pipe(
    v.array(Profile),
    v.metadata({ allowed: "a list of profiles, each with `match`, `conversion` and perhaps a `name`" }),
  );
  return section({
    include: key(patterns, [], "Only films whose paths below root_path fit one of these; without any, all."),
    exclude: key(patterns, [], "Films whose paths below root_path fit one of these are left alone."),
    skip_smaller_than: key(fileSize, "0", "Files below this size are left alone; 0: none."),
    skip_shorter_than: key(duration, "0", "Films shorter than this are left alone; 0: none."),
    skip_converted: key(
      yesNo,
      false,
      "Leave alone what has the codec, the size and the bit rate of the conversion already, whatever its container.",
    ),
    skip_converted_bitrate: mayLack(
      bitRate,
      "With skip_converted: the highest bit rate of the video that is left alone. Without it, conversion.bitrate; without both, any.",
    ),
    max_size_ratio: mayLack(
      ratio,
      "Results that are not smaller than this share of their source are thrown away, and tried again only when the source or the settings change. Without it, all are kept.",
    ),
    profiles: key(
      profiles,
      [],
      "Other settings for some paths: of the profiles whose `match` fits, the first one's `conversion` beats the section conversion. Only in the file.",
    ),
  });
}

const ratio = v.pipe(
  v.number(),
  v.minValue(0.01),
  v.maxValue(100),
  v.metadata({ allowed: "a share such as 0.9, or 1 for the source's own size" }),
);

/** Every key may be left out, and has no default then. */
function changeOf(entries: v.ObjectEntries): v.GenericSchema<ConversionChange> {
  const optional = Object.entries(entries).map(([name, schema]) => [name, v.optional(schema)] as const);
  return v.strictObject(Object.fromEntries(optional)) as unknown as v.GenericSchema<ConversionChange>;
}
