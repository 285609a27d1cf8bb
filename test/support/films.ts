import { mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a film of ffmpeg's own test picture and tone; the extension chooses the container.
 * About a second of work for a minute of film.
 */
export async function makeFilm(
  path: string,
  { duration_s = 2, size = "320x240", rate = 25 } = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // A master that is running must not see it half written; it passes over hidden files.
  const draft = join(dirname(path), `.${basename(path)}`);
  const child = Bun.spawn({
    cmd: [
      ...["ffmpeg", "-v", "error", "-nostdin", "-y"],
      ...["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${duration_s}`],
      ...["-f", "lavfi", "-i", `sine=frequency=440:duration=${duration_s}`],
      ...["-c:v", "mpeg4", "-q:v", "5", "-c:a", "mp2", "-shortest", `file:${draft}`],
    ],
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`ffmpeg could not make ${path}: ${said}`);
  await rename(draft, path);
}

/** What ffprobe says of the first video stream, its packets counted. */
export async function probeFilm(path: string): Promise<{ codec: string; width: number; frames: number }> {
  const child = Bun.spawn({
    cmd: [
      ...["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json"],
      ...["-show_entries", "stream=codec_name,width,nb_read_packets", `file:${path}`],
    ],
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { streams } = (await child.stdout.json()) as {
    streams: { codec_name: string; width: number; nb_read_packets: string }[];
  };
  const [video] = streams;
  if (video === undefined) throw new Error(`${path} has no video`);
  return { codec: video.codec_name, width: video.width, frames: Number(video.nb_read_packets) };
}
