import * as v from "valibot";
import { parseFingerprint } from "./fingerprint.ts";
import { globTrouble } from "./glob.ts";
import type { Keep } from "./originals.ts";
import { parseQuality } from "./quality.ts";
import { parseBitRate, parseDuration, parseResolution, parseSize } from "./units.ts";

/**
 * The kinds of values that configuration files hold. Each says in its metadata what it allows, in words that
 * complete "allowed: ..."; errors and docs/configuration.md show them.
 */

function allows<S extends v.GenericSchema>(schema: S, allowed: string, more: Record<string, unknown> = {}) {
  return v.pipe(schema, v.metadata({ allowed, ...more }));
}

/** YAML reads `0`, `5000000` and `0644` as numbers. */
const scalarText = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
);

function parsed<T>(parse: (text: string) => T | null, allowed: string) {
  return allows(
    v.pipe(
      scalarText,
      v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
        const value = parse(dataset.value);
        if (value !== null) return value;
        addIssue({ message: allowed });
        return NEVER;
      }),
    ),
    allowed,
  );
}

export const duration = parsed(parseDuration, "a duration such as 30s, 5m, 2h or 1h30m, or 0");
export const fileSize = parsed(parseSize, "a size such as 500M, 2G or 10GB, or 0");
export const bitRate = parsed(parseBitRate, "a bit rate such as 5M, 128k or 800000");
export const resolution = parsed(parseResolution, "a size such as 1920x1080");
export type OutputMode = number | "keep";
export const outputMode = parsed<OutputMode>(
  (text) => (text === "keep" ? text : /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : null),
  'keep, or a file mode in quotes such as "0644"',
);

/** No time at all would delete the only copy of what a person may want back. */
export const keep = parsed<Keep>(
  (text) => (text === "forever" ? text : parseDuration(text) || null),
  "a duration such as 30d or 12h, or forever",
);

export const quality = parsed(
  parseQuality,
  "a whole number from 0 to 51, or a score such as vmaf 95 or ssim 0.98",
);

export const device = parsed(
  (text) => (text === "" ? null : text),
  "auto, an index, a UUID or a part of a name",
);

export const whole = (min: number, max: number) =>
  allows(
    v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
    `a whole number from ${min} to ${max}`,
  );
export const yesNo = allows(v.boolean(), "true or false");
export const yesNoAuto = allows(v.union([v.boolean(), v.literal("auto")]), "true, false or auto");
export const oneOf = <const T extends readonly (string | number)[]>(options: T) =>
  allows(v.picklist(options), `${options.slice(0, -1).join(", ")} or ${options.at(-1)}`);
/** Each at most once. `options` lets an error name the one that a typing mistake meant. */
export const listOf = <const T extends readonly string[]>(options: T) =>
  allows(
    v.pipe(
      v.array(v.picklist(options)),
      v.minLength(1),
      v.check((names) => new Set(names).size === names.length),
    ),
    `a list of ${options.slice(0, -1).join(", ")} and ${options.at(-1)}, each at most once`,
    { options },
  );

export const text = allows(v.pipe(v.string(), v.minLength(1)), "text");
export const name = allows(v.pipe(v.string(), v.regex(/^\P{Cc}{1,200}$/u)), "text of at most 200 characters");
export const secret = allows(v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)), "text without spaces", {
  secret: true,
});
/** Relative paths are relative to the file that holds them. */
export const path = allows(v.pipe(v.string(), v.minLength(1)), "a path", { path: true });
/** A program is a path, or a bare name to be looked up on PATH. */
export const program = allows(v.pipe(v.string(), v.minLength(1)), "a path, or a name on PATH", {
  program: true,
});
export const url = allows(
  v.pipe(v.string(), v.regex(/^https?:\/\/[^/?#\s]+\/?$/)),
  "an address such as http://storage-server:8080",
);
export const fingerprint = parsed(
  parseFingerprint,
  "a certificate's fingerprint, such as sha256: and 64 hexadecimal digits",
);
/** A folder's whole path on another machine, whatever system that one has. */
const wholePath = v.pipe(v.string(), v.regex(/^(?:\/|[A-Za-z]:[\\/]|\\\\)[^\0]*$/));
/** Only the file can hold it: it has a shape of its own. */
export const pathMap = allows(
  v.array(v.strictObject({ master: wholePath, worker: wholePath })),
  "a list of pairs of whole paths, such as [{master: /mnt/storage, worker: /media/nas}]",
);
export const extensions = allows(
  v.pipe(v.array(v.pipe(v.string(), v.regex(/^\.[^./\\\s]+$/))), v.minLength(1)),
  "a list of extensions with their dots, such as [.mkv, .mp4]",
);

/** One pattern, several with commas between them, or a list. */
export const patterns = allows(
  v.pipe(
    v.union([v.string(), v.array(v.string())]),
    v.transform((given) => (typeof given === "string" ? splitPatterns(given) : given)),
    v.check((all) => all.every((one) => globTrouble(one) === null)),
  ),
  'patterns of paths such as ["extras/**", "*.sample.mkv"]',
  { patterns: true },
);

/** At the commas that stand outside of braces. */
export function splitPatterns(text: string): string[] {
  return text.split(/,(?![^{]*\})/).map((one) => one.trim());
}

/** A key with a default. */
export function key<S extends v.GenericSchema, D extends v.InferInput<S>>(
  schema: S,
  fallback: D,
  description: string,
) {
  return v.pipe(
    v.optional(schema, fallback as never),
    v.metadata(v.getMetadata(schema)),
    v.description(description),
  );
}

/** A key that may be left out, or be left empty; it is null then. */
export function mayLack<S extends v.GenericSchema>(schema: S, description: string) {
  return v.pipe(v.nullish(schema, null), v.metadata(v.getMetadata(schema)), v.description(description));
}

/** A key that must be there. */
export function needed<S extends v.GenericSchema>(schema: S, description: string) {
  return v.pipe(schema, v.description(description));
}

export function section<E extends v.ObjectEntries>(entries: E) {
  return v.optional(v.strictObject(entries), {} as never);
}

/** What films are called. */
export const VIDEO_EXTENSIONS = [
  ".mp4",
  ".mkv",
  ".mov",
  ".avi",
  ".flv",
  ".webm",
  ".m4v",
  ".ts",
  ".m2ts",
  ".mts",
  ".mpg",
  ".mpeg",
  ".wmv",
  ".vob",
  ".ogv",
  ".3gp",
  ".3g2",
  ".asf",
  ".divx",
  ".dv",
  ".f4v",
  ".m2v",
  ".mod",
  ".mxf",
  ".ogm",
  ".qt",
  ".rm",
  ".rmvb",
  ".tod",
];
