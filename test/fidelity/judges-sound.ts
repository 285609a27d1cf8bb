import type { Track } from "../fixtures/corpus/fixture.ts";
import { apart } from "../support/lip-sync.ts";
import type { Judges } from "./judge.ts";
import { near } from "./judges-picture.ts";
import { audioOf, type Look, type ProbedStream, startOf } from "./look.ts";

export const SOUND_JUDGES: Pick<Judges, "tracks" | "tones" | "sync" | "drift"> = {
  tracks: async ({ result, value }) => compareTracks(audioOf(result.probed), value),
  tones: async ({ result, value }) => {
    const tracks = audioOf(result.probed).length;
    if (tracks !== value.length) return `${tracks} sound tracks instead of ${value.length}`;
    for (const [n, expected] of value.entries()) {
      // A layout that the encoder does not know may get channels without sound.
      const heard = (await result.samples(n)).map(toneOf).filter((hz) => hz > 0);
      if (heard.length !== expected.length)
        return `track ${n}: ${heard.length} channels instead of ${expected.length}`;
      const wrong = expected.findIndex(
        (hz, channel) => !near(heard[channel] ?? 0, hz, hz < 100 ? 20 : 0.03 * hz),
      );
      if (wrong >= 0)
        return `track ${n}: ${heard.map(Math.round).join(" ")} Hz instead of ${expected.join(" ")}`;
    }
    return null;
  },
  sync: async ({ result, value }) => {
    const lag = (await clickOf(result)) - (await flashOf(result));
    return near(lag, value, LIP_SYNC)
      ? null
      : `the click is ${lag.toFixed(3)} s after the flash instead of ${value} s`;
  },
  drift: async ({ result: { path }, value }) => {
    const lags = await apart({ ffmpeg: "ffmpeg", path });
    const worst = lags.findIndex((lag) => !near(lag, 0, LIP_SYNC));
    if (lags.length !== value) return `${lags.length} flashes instead of ${value}`;
    return worst < 0 ? null : `at flash ${worst} the click is ${lags[worst]?.toFixed(3)} s later`;
  },
};

/** Seconds: ITU-R BT.1359 finds twice of it just noticeable. */
const LIP_SYNC = 0.02;

/** Compares what is named of each track. */
export function compareTracks(found: ProbedStream[], expected: Partial<Track>[]): string | null {
  if (found.length !== expected.length) return `${found.length} tracks instead of ${expected.length}`;
  for (const [n, want] of expected.entries()) {
    const got = trackOf(found[n]);
    const wrong = (Object.keys(want) as (keyof Track)[]).find(
      (key) => String(got[key]) !== String(want[key]),
    );
    if (wrong !== undefined)
      return `track ${n}: ${wrong} ${JSON.stringify(got[wrong])} instead of ${JSON.stringify(want[wrong])}`;
  }
  return null;
}

function trackOf(stream: ProbedStream | undefined): Track {
  const { codec_name = "", channels = 0, channel_layout = "", disposition = {}, tags = {} } = stream ?? {};
  const title = tags.title ?? tags.name ?? tags.handler_name ?? "";
  return {
    codec: codec_name,
    language: tags.language ?? "und",
    title,
    channels,
    layout: channel_layout,
    flags: Object.keys(disposition)
      .filter((name) => disposition[name] === 1)
      .sort(),
  };
}

/** The tone in the middle of a channel, by how often it rises through nought; 0 for silence. */
function toneOf(samples: Float32Array): number {
  const middle = samples.subarray(Math.floor(samples.length * 0.25), Math.floor(samples.length * 0.75));
  const peak = middle.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  if (peak < 0.01) return 0;
  let rises = 0;
  let below = false;
  // A tenth of the peak around nought is left out, where noise of the codec would count.
  for (const sample of middle) {
    if (sample < -peak / 10) below = true;
    else if (sample > peak / 10 && below) {
      rises += 1;
      below = false;
    }
  }
  return (rises * 48_000) / middle.length;
}

/** Seconds: when the first click begins. */
async function clickOf(film: Look): Promise<number> {
  const [channel = new Float32Array()] = await film.samples(0);
  const loud = (sample: number) => Math.abs(sample) > 0.25;
  const first = channel.findIndex(loud);
  return first / 48_000 + startOf(film.probed);
}

/** Seconds: when the first bright picture is shown. */
async function flashOf(film: Look): Promise<number> {
  const options = [
    "-map",
    `0:${film.film.index}`,
    "-fps_mode",
    "passthrough",
    "-vf",
    "scale=1:1:flags=area",
    "-pix_fmt",
    "gray",
  ];
  const light = await film.ask("ffmpeg", ...options, "-f", "rawvideo", "-");
  const bright = light.findIndex((level) => level > 128);
  return Number((await film.frames())[bright]?.best_effort_timestamp_time ?? Number.NaN);
}
