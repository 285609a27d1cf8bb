import type { Plan } from "./plan.ts";
import type { AudioPlan } from "./plan-audio.ts";

/** The audio tracks' codecs, filters and labels, for ffmpeg's output. */
export function audioTracks({ audio, container }: Plan): string[] {
  // ffmpeg calls FLAC in mp4 experimental before 5.2; what is written is the same.
  const strict = container === "mp4" && audio.some(({ codec }) => codec === "flac") ? ["-strict", "-2"] : [];
  return [...strict, ...audio.flatMap((track, n) => [...codecOf(track, n), ...labelsOf(track, n)])];
}

function codecOf(track: AudioPlan, n: number): string[] {
  if (track.action === "copy") return [`-c:a:${n}`, "copy"];
  const { encoder, bit_rate } = track;
  const rate = bit_rate === null ? [] : [`-b:a:${n}`, String(bit_rate)];
  // Newer encoders would take the muxer's leave to experiment for one to write 32 bits, which few players know.
  const plain = encoder === "flac" ? [`-strict:a:${n}`, "normal"] : [];
  // Left to itself, libopus takes channels of 5.0 and 6.1 for one another.
  const family = encoder === "libopus" && track.channels > 2 ? [`-mapping_family:a:${n}`, "1"] : [];
  return [`-c:a:${n}`, encoder, ...plain, ...family, ...rate, `-filter:a:${n}`, filters(track)];
}

function filters(track: AudioPlan & { action: "encode" }): string {
  const { placing, bit_rate, layout, sample_rate, sample_format } = track;
  const form = [
    ...(sample_format === null ? [] : [`sample_fmts=${sample_format}`]),
    ...[`sample_rates=${sample_rate}`, `channel_layouts=${layout}`],
  ];
  const place = placing === null ? [] : [placing];
  return [...place, bit_rate === null ? EXACT : IN_STEP, `aformat=${form.join(":")}`].join(",");
}

/**
 * The filter that follows the source's timestamps. Holes of a packet and more are filled with silence at once, lesser
 * drift is stretched or squeezed away by up to 4 % (its own defaults wait until sound and picture are 0.1 s apart).
 * Mixes are made quieter where they would clip, which ffmpeg does of itself for whole numbers only.
 */
const IN_STEP =
  "aresample=async=2000:min_comp=0.005:comp_duration=0.5:min_hard_comp=0.02:center_mix_level=0.70711:surround_mix_level=0.70711:lfe_mix_level=0:rematrix_maxval=1";
/** The same for lossless tracks, whose samples are not to be touched. */
const EXACT = "aresample=async=1:min_hard_comp=0.02:rematrix_maxval=1";

/** The title stands in the handler's name, too: ffmpegs before 6 read it only there. */
function labelsOf({ language, title, flags }: AudioPlan, n: number): string[] {
  return [
    ...(language === null ? [] : [`-metadata:s:a:${n}`, `language=${language}`]),
    ...(title === null
      ? []
      : [`-metadata:s:a:${n}`, `title=${title}`, `-metadata:s:a:${n}`, `handler_name=${title}`]),
    ...[`-disposition:a:${n}`, flags.length === 0 ? "0" : flags.join("+")],
  ];
}
