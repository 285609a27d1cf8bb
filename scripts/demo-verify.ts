type Probed = {
  duration_s: number;
  codec: string;
  size: string;
  frames: number;
  audio: number;
  subtitles: number;
};

/** Compares a result with its source by ffprobe alone, without any code of vc. */
export async function compareFilms(source: string, result: string): Promise<{ same: boolean; text: string }> {
  const [before, after] = await Promise.all([probe(source), probe(result)]);
  const same =
    after.codec === "h264" &&
    Math.abs(before.frames - after.frames) <= 1 &&
    Math.abs(before.duration_s - after.duration_s) < 0.5 &&
    before.audio === after.audio &&
    before.subtitles === after.subtitles;
  const tracks = `${after.audio} audio, ${after.subtitles} subtitles`;
  const text = `${after.codec} ${after.size}, ${after.frames} of ${before.frames} frames, ${after.duration_s.toFixed(1)} s, ${tracks}`;
  return { same, text };
}

async function probe(path: string): Promise<Probed> {
  const child = Bun.spawn({
    cmd: [
      ...["ffprobe", "-v", "error", "-count_packets", "-of", "json", "-show_entries"],
      ...["format=duration:stream=codec_type,codec_name,width,height,nb_read_packets", `file:${path}`],
    ],
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { format, streams } = (await child.stdout.json()) as {
    format?: { duration?: string };
    streams?: {
      codec_type: string;
      codec_name: string;
      width?: number;
      height?: number;
      nb_read_packets: string;
    }[];
  };
  const of = (kind: string) => (streams ?? []).filter(({ codec_type }) => codec_type === kind);
  const [video] = of("video");
  return {
    duration_s: Number(format?.duration ?? Number.NaN),
    codec: video?.codec_name ?? "no video",
    size: `${video?.width}x${video?.height}`,
    frames: Number(video?.nb_read_packets ?? 0),
    audio: of("audio").length,
    subtitles: of("subtitle").length,
  };
}
