/** Films in which a white picture and a click come together, and how far apart they are in a file. */

/** Options for ffmpeg: a flash and a click in the middle of each period, in seconds. */
export function clickAndFlash(of: {
  length_s: number;
  period_s: number;
  rate?: number;
  hertz?: number;
}): string[] {
  const { length_s, period_s, rate = 25, hertz = 48_000 } = of;
  const within = (last_s: number) => `lt(mod(t+${period_s / 2},${period_s}),${last_s})`;
  const picture = `color=black:s=64x48:r=${rate}:d=${length_s},drawbox=c=white:t=fill:enable='${within(1 / rate)}'`;
  const sound = `aevalsrc='if(${within(0.02)},0.8*cos(2*PI*1000*t),0)':s=${hertz}:d=${length_s}`;
  return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound];
}

/** Of each flash, in the order of the film: by how many seconds the nearest click comes later. */
export async function apart(of: { ffmpeg: string; path: string; track?: number }): Promise<number[]> {
  const picture = await messages([
    of.ffmpeg,
    "-hide_banner",
    "-copyts",
    "-i",
    of.path,
    "-map",
    "0:v:0",
    ...FLASHES,
  ]);
  const map = ["-map", `0:a:${of.track ?? 0}`, ...CLICKS];
  const sound = await messages([of.ffmpeg, "-hide_banner", "-copyts", "-i", of.path, ...map]);
  const frames = [...picture.matchAll(/ pts_time:\s*(-?[\d.]+).* mean:\[(\d+)/g)];
  const flashes = frames.filter(
    (frame, n) => Number(frame[2]) > 128 && Number(frames[n - 1]?.[2] ?? 0) <= 128,
  );
  const clicks = [...sound.matchAll(/silence_end: (-?[\d.]+)/g)].map((match) => Number(match[1]));
  return flashes.map(([, time]) => {
    const lags = clicks.map((click) => click - Number(time));
    return lags.reduce(
      (best, lag) => (Math.abs(lag) < Math.abs(best) ? lag : best),
      Number.POSITIVE_INFINITY,
    );
  });
}

const FLASHES = ["-vf", "scale=1:1,format=gray,showinfo", "-fps_mode", "passthrough", "-f", "null", "-"];
const CLICKS = ["-af", "silencedetect=noise=0.2:d=0.1", "-f", "null", "-"];

async function messages(cmd: string[]): Promise<string> {
  const child = Bun.spawn({ cmd, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  return new Response(child.stderr).text();
}
