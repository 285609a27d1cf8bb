import type { CoordinatorSettings } from "../../src/roles/master/coordinator.ts";

export const settings: CoordinatorSettings = {
  root_path: "/films",
  output_base: "/converted",
  conversion: {
    codec: "h264",
    container: "mp4",
    target_resolution: null,
    bitrate: null,
    quality: 23,
    preset: "medium",
    bit_depth: null,
    hdr: "keep",
    audio_codec: "aac",
    audio_bitrate: 128_000,
    verify: "quick",
  },
  lease_ms: 10_000,
  max_retries: 3,
  max_lost: 10,
  retry_delay_ms: 2000,
  retry_delay_max_ms: 10_000,
  offline_after_ms: 20_000,
  quarantine_ms: 2000,
};
