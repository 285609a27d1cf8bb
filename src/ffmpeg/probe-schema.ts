import * as v from "valibot";

/** What ffprobe prints, every field distrusted: a field of a wrong kind counts as missing. */

const numeric = v.fallback(
  v.nullable(
    v.pipe(
      v.union([v.number(), v.string()]),
      v.transform((value) => Number(value)),
      v.finite(),
    ),
  ),
  null,
);
const count = v.fallback(
  v.nullable(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/))]),
      v.transform(Number),
      v.safeInteger(),
      v.minValue(0),
    ),
  ),
  null,
);
const text = v.fallback(v.nullable(v.string()), null);
const tags = v.fallback(v.record(v.string(), v.fallback(v.string(), "")), {});

const ratio = v.fallback(
  v.nullable(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}[/:]\d{1,9}$/),
      v.transform((value) => value.split(/[/:]/).map(Number)),
      v.check(([num, den]) => (num ?? 0) > 0 && (den ?? 0) > 0),
      v.transform(([num, den]) => ({ num: num ?? 1, den: den ?? 1 })),
    ),
  ),
  null,
);

/** 1 for what a stream is marked as. */
const Disposition = v.fallback(v.record(v.string(), numeric), {});

export const ProbedStream = v.object({
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  codec_type: text,
  codec_name: text,
  codec_tag_string: text,
  profile: text,
  width: count,
  height: count,
  sample_aspect_ratio: ratio,
  pix_fmt: text,
  bits_per_raw_sample: count,
  field_order: text,
  r_frame_rate: ratio,
  avg_frame_rate: ratio,
  time_base: ratio,
  start_time: numeric,
  duration: numeric,
  bit_rate: count,
  nb_frames: count,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  chroma_location: text,
  channels: count,
  channel_layout: text,
  sample_rate: count,
  sample_fmt: text,
  bits_per_sample: count,
  disposition: Disposition,
  tags,
  side_data_list: v.fallback(
    v.array(
      v.fallback(
        v.looseObject({
          ...{ side_data_type: text, rotation: numeric, displaymatrix: text },
          ...{ crop_top: count, crop_bottom: count, crop_left: count, crop_right: count },
        }),
        {
          ...{ side_data_type: null, rotation: null, displaymatrix: null },
          ...{ crop_top: null, crop_bottom: null, crop_left: null, crop_right: null },
        },
      ),
    ),
    [],
  ),
});
export type ProbedStream = v.InferOutput<typeof ProbedStream>;

const SideData = v.fallback(
  v.array(v.fallback(v.object({ side_data_type: text }), { side_data_type: null })),
  [],
);

export const Probed = v.object({
  /** The first few. */
  packets: v.fallback(
    v.array(v.fallback(v.object({ side_data_list: SideData }), { side_data_list: [] })),
    [],
  ),
  streams: v.fallback(v.array(v.fallback(v.nullable(ProbedStream), null)), []),
  chapters: v.fallback(
    v.array(v.fallback(v.object({ tags, end_time: numeric }), { tags: {}, end_time: null })),
    [],
  ),
  format: v.object({ format_name: text, start_time: numeric, duration: numeric, bit_rate: count, tags }),
});
export type Probed = v.InferOutput<typeof Probed>;
