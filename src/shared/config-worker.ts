import * as v from "valibot";
import { Logging } from "./config-logging.ts";
import {
  device,
  duration,
  fileSize,
  fingerprint,
  key,
  listOf,
  mayLack,
  name,
  oneOf,
  path,
  pathMap,
  program,
  secret,
  section,
  url,
  whole,
  yesNo,
  yesNoAuto,
} from "./config-values.ts";
import { FAMILY_NAMES } from "./gpu.ts";

const FILM_SOURCES = ["auto", "mount", "stream", "download"] as const;

/** A worker's configuration file. Every key's description here is its documentation (docs/configuration.md). */
export const WorkerConfig = v.strictObject({
  worker: section({
    id: mayLack(name, "The worker's name, different on every machine; without it, the host's name."),
    concurrency: key(whole(1, 256), 1, "How many films to convert at once."),
    master_url: mayLack(url, "Where the master is."),
    token: mayLack(secret, "The master's token; VC_TOKEN or token_file keep it out of this file."),
    token_file: mayLack(path, "A file that holds the token."),
    tls_ca: mayLack(path, "A certificate file (PEM) to trust instead of the system's authorities."),
    tls_fingerprint: mayLack(
      fingerprint,
      "The SHA-256 of the only certificate to trust, by whatever name the master is called; `vc join` writes it.",
    ),
    heartbeat_interval: key(
      duration,
      "30s",
      "How often to tell the master how this machine does; never less often than half a lease.",
    ),
    job_check_interval: key(
      duration,
      "5s",
      "How long to wait before asking again when the master could not be reached.",
    ),
    job_timeout: key(duration, "0", "The longest an attempt may take as a whole; 0 is no limit."),
    stall_timeout: key(
      duration,
      "5m",
      "How long ffmpeg may make no progress before it is killed; 0 is no limit, but for work on a GPU, which then has 5 minutes.",
    ),
    drain_timeout: key(
      duration,
      "10m",
      "On SIGTERM: how long running films may take to finish before they are handed back.",
    ),
  }),
  storage: section({
    mount_path: mayLack(
      path,
      "Where the master's storage.root is mounted here; without it, at the same path as there.",
    ),
    path_map: key(
      pathMap,
      [],
      "For folders that are mounted here in several places, instead of mount_path: each `master` path there is the `worker` path here, the longest that fits counts. Only in the file.",
    ),
    source: key(
      oneOf(FILM_SOURCES),
      "auto",
      "How films come here, and results go back. mount: over the mounted storage; stream: over HTTP while they are converted; download: over HTTP into cache_path first, results back over HTTP; auto: mount where that is proven, else stream.",
    ),
    download_timeout: key(
      duration,
      "30m",
      "How long a film's bytes may stop coming before its attempt is given up; 0 is no limit.",
    ),
    max_cache_size: key(
      fileSize,
      "100G",
      "How much of downloaded films to keep in cache_path; the least recently used go first. A larger film is streamed.",
    ),
    bandwidth_limit: key(
      fileSize,
      "0",
      "The most bytes a second that films may take from the network, for each direction; 0 is no limit.",
    ),
    cache_path: mayLack(
      path,
      "A folder for this worker's own state; without it, a folder of the system's for such.",
    ),
  }),
  ffmpeg: section({
    path: mayLack(program, "The ffmpeg to run; without it, the one on PATH."),
    ffprobe_path: mayLack(program, "The ffprobe to run; without it, the one beside ffmpeg, or on PATH."),
    use_vulkan: key(
      yesNoAuto,
      "auto",
      "Whether to convert on GPUs through Vulkan: auto where a trial proved it and it was not measured slower, true wherever a trial proved it, false never.",
    ),
    encoders: key(
      listOf(FAMILY_NAMES),
      [...FAMILY_NAMES],
      "Which kinds of encoders to use, the best first; those that a trial did not prove here are passed over.",
    ),
    timeout: key(duration, "0", "The longest that one ffmpeg may run; 0 is no limit."),
  }),
  vulkan: section({
    preferred_device: key(
      device,
      "auto",
      "The GPUs to use, by their index, their UUID or a part of their name, as `vc detect` shows them; auto is every real one.",
    ),
    slots_per_device: key(
      whole(1, 64),
      2,
      "How many films may use one GPU at once; further ones are converted on the CPU.",
    ),
    enable_validation: key(
      yesNo,
      false,
      "Turn on Vulkan's validation layer, to look into a driver's faults.",
    ),
  }),
  logging: Logging,
});
export type WorkerConfig = v.InferOutput<typeof WorkerConfig>;
