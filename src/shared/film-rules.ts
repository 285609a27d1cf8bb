import * as v from "valibot";

/** The rules that need a look into the film, or at its result: they travel with its job to the worker. */
export const FilmRules = v.object({
  /** Milliseconds; 0: films of any length. */
  skip_shorter_than: v.optional(v.number(), 0),
  skip_converted: v.optional(v.boolean(), false),
  /** Bits per second; null: of any bit rate. */
  skip_converted_bitrate: v.optional(v.nullable(v.number()), null),
  /** The share of the source's size below which a result must stay; null: it is kept whatever its size. */
  max_size_ratio: v.optional(v.nullable(v.number()), null),
  /** Of storage.replace: the result is to take the film's place. */
  replaces: v.optional(v.boolean(), false),
});
export type FilmRules = v.InferOutput<typeof FilmRules>;

export const NO_FILM_RULES: FilmRules = v.parse(FilmRules, {});
