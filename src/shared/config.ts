import * as v from "valibot";
import { Logging } from "./config-logging.ts";
import { rulesSection } from "./config-rules.ts";
import {
  bitRate,
  duration,
  extensions,
  fileSize,
  keep,
  key,
  mayLack,
  needed,
  oneOf,
  outputMode,
  path,
  quality,
  resolution,
  secret,
  section,
  text,
  VIDEO_EXTENSIONS,
  whole,
  yesNo,
} from "./config-values.ts";
import {
  AUDIO_CHANNELS,
  AUDIO_CODECS,
  AUDIO_LOSSLESS,
  CODECS,
  CONTAINERS,
  DEINTERLACE_MODES,
  HDR_MODES,
  PRESETS,
  SUBTITLE_MODES,
  VERIFY_LEVELS,
} from "./conversion.ts";

/** The master's configuration file. Every key's description here is its documentation (docs/configuration.md). */

export const MasterConfig = v.strictObject({
  server: section({
    port: key(whole(0, 65_535), 8080, "The TCP port to listen on; 0 takes a free one."),
    host: key(text, "0.0.0.0", "The address to listen on."),
    token: mayLack(
      secret,
      "What workers and people must present. Without it the master makes one at its first start.",
    ),
    allow_anonymous: key(
      yesNo,
      false,
      "Serve everyone without a token. Only for a network you trust wholly.",
    ),
    max_transfers: key(
      whole(1, 1000),
      8,
      "How many pieces of films may travel at once between this master and workers without a mount; each takes up to 4 MiB of memory.",
    ),
    bandwidth_limit: key(
      fileSize,
      "0",
      "How many bytes a second such transfers may take in each direction, all together; 0 is no limit.",
    ),
    tls_cert: mayLack(path, "A certificate file (PEM); with tls_key the master speaks HTTPS."),
    tls_key: mayLack(path, "The key of tls_cert (PEM)."),
    tls_self_signed: key(
      yesNo,
      false,
      "Speak HTTPS with a certificate that the master makes at its first start and keeps beside the database; `vc token show` prints its fingerprint in the line for `vc join`.",
    ),
  }),
  scanner: section({
    root_path: needed(
      path,
      "The folder with the films. Nothing is ever written below it, unless output_base lies there or storage.replace is on.",
    ),
    video_extensions: key(extensions, VIDEO_EXTENSIONS, "Which files are films, without regard to case."),
    output_base: needed(
      path,
      "The folder for the results, which repeats the tree below root_path. With storage.replace it is left out.",
    ),
    recursive_depth: key(
      whole(-1, 1000),
      -1,
      "How many folders deep to look: 0 only root_path itself, -1 without limit.",
    ),
    scan_interval: key(
      duration,
      "5m",
      "How often to look for new and changed films; 0 only at start and when asked.",
    ),
    settle: key(duration, "30s", "How long a file must be unchanged before it is touched."),
    output_mode: key(
      outputMode,
      "keep",
      "The permissions of published files; keep: as their sources' (with storage.replace, always).",
    ),
  }),
  storage: section({
    root: mayLack(
      path,
      "What a worker's storage.mount_path stands for; without it, the common parent of root_path and output_base.",
    ),
    replace: key(
      yesNo,
      false,
      "Let each result take its film's place in root_path, once it was verified in full; the original goes to root_path/.vc/originals, and `vc undo` puts it back.",
    ),
    keep_originals: key(
      keep,
      "30d",
      "How long replaced originals are kept before they are deleted; forever: until a person says `vc purge`.",
    ),
  }),
  database: section({
    path: key(path, "./jobs.db", "The SQLite file with the queue, on a local disk."),
    backup_interval: key(duration, "1h", "How often to back up the database, if it has changed; 0 is never."),
    backup_keep: key(whole(1, 10_000), 12, "How many backups to keep; older ones are deleted."),
    backup_path: mayLack(
      path,
      "The folder for the backups, best on another disk; without it, DATABASE.backups beside the database.",
    ),
  }),
  conversion: section({
    codec: key(
      oneOf(CODECS),
      "h264",
      "The video codec of the results: for players h264, hevc or av1; in mkv also ffv1, which keeps every sample, and prores, for editing.",
    ),
    container: key(oneOf(CONTAINERS), "mp4", "The container of the results."),
    target_resolution: mayLack(
      resolution,
      "The box that the picture must fit in, upright films turned; it is never enlarged. Without it, the source's size.",
    ),
    bitrate: mayLack(
      bitRate,
      "A ceiling for the video's bit rate; ffv1 and prores keep none. Without it, quality decides.",
    ),
    quality: key(
      quality,
      23,
      "A number is constant quality on x264's CRF scale: 18 is hardly distinguishable, 23 good, 28 small. A score is what the result is to reach, compared with its source: samples of each film are encoded at some settings to find its own, below the ceiling of bitrate. A number chooses the profile of prores, and nothing of ffv1.",
    ),
    preset: key(oneOf(PRESETS), "medium", "Speed against size, by x264's names."),
    bit_depth: mayLack(
      oneOf([8, 10]),
      "Bits a sample; prores always has 10. Without it, h264 gets 8, the others keep 10 where the source has more than 8.",
    ),
    hdr: key(
      oneOf(HDR_MODES),
      "keep",
      "keep: HDR10 and HLG stay what they are in hevc and av1 with 10 bits, with their metadata; h264 is always SDR. tonemap: HDR becomes SDR.",
    ),
    deinterlace: key(
      oneOf(DEINTERLACE_MODES),
      "half",
      "Of interlaced films, half: every two fields become one picture; full: each field becomes one, at twice the rate; off: they stay.",
    ),
    audio_codec: key(oneOf(AUDIO_CODECS), "aac", "The audio codec; copy keeps what the container can hold."),
    audio_bitrate: key(bitRate, "128k", "Bits per second of a stereo track; other layouts get their share."),
    audio_channels: key(
      oneOf(AUDIO_CHANNELS),
      "keep",
      "keep: 5.1 stays 5.1; stereo: tracks of more channels are mixed down (ITU-R BS.775: the centre and the surrounds at -3 dB, no LFE, nothing clips).",
    ),
    audio_lossless: key(
      oneOf(AUDIO_LOSSLESS),
      "convert",
      "convert: lossless tracks (PCM, FLAC, TrueHD, DTS-HD MA and others) become audio_codec; keep: they stay as they are, or become FLAC or ALAC where the container cannot hold them.",
    ),
    subtitles: key(
      oneOf(SUBTITLE_MODES),
      "drop",
      "Of picture subtitles (Blu-ray, DVD, DVB) that mp4 cannot hold, drop: they are left out, and named; beside: each becomes a file beside the film (.sup, .mks); mkv: that film becomes mkv.",
    ),
    verify: key(
      oneOf(VERIFY_LEVELS),
      "quick",
      "quick: counts, headers and sampled pictures; full: decodes the whole result too; measured: scores it at random places besides, and refuses what is not as good as wished.",
    ),
  }),
  rules: rulesSection(conversionEntries),
  queue: section({
    lease: key(duration, "60s", "How long a worker may be silent before its jobs go to others."),
    max_retries: key(whole(0, 100), 3, "How often a job that failed is tried again."),
    max_lost: key(whole(1, 1000), 10, "How often a job may lose its worker before it is given up."),
    retry_delay: key(
      duration,
      "30s",
      "The wait before the first retry; doubled for each further one, with jitter.",
    ),
    retry_delay_max: key(duration, "1h", "The longest such wait."),
    quarantine: key(
      duration,
      "1m",
      "How long a worker gets no films after all that it had failed; doubled while it goes on so, up to 16 times. 0: never.",
    ),
  }),
  logging: Logging,
});
export type MasterConfig = v.InferOutput<typeof MasterConfig>;

function conversionEntries(): v.ObjectEntries {
  return MasterConfig.entries.conversion.wrapped.entries;
}
