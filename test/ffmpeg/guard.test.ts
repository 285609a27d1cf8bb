import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Hostile files, made with ffmpeg where it makes them, and with an editor where it refuses. */
const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

const inFolder = (name: string) => join(folder.path, name);

async function ffmpeg(...options: string[]): Promise<void> {
  const argv = ["ffmpeg", "-v", "error", "-nostdin", "-y", ...options];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")}: ${said}`);
}

async function refusalOf(name: string): Promise<string> {
  const ended = await convert({ source: inFolder(name), target: inFolder("result.mp4") });
  return ended.outcome === "done" ? "done" : `${ended.outcome} ${ended.reason}: ${ended.message}`;
}

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1"];

describe("lists of other files, under any name", () => {
  const HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.mp4\n#EXT-X-ENDLIST\n";
  const MPD =
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1"><BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>';
  const rows = ["mkv", "mp4", "ts", "avi"].flatMap((extension) => [
    [`hls.${extension}`, HLS],
    [`concat.${extension}`, "ffconcat version 1.0\nfile secret.mp4\n"],
    [`dash.${extension}`, MPD],
    [`sdp.${extension}`, "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"],
    [`images.${extension}`, "# Webcam\nsecret%d.png\n"],
  ]);
  test.each(rows)(
    "%s opens no other",
    async (name, text) => {
      await makeClip({ name: "plain.mp4", path: inFolder("secret.mp4") });
      await writeFile(inFolder(name), text);
      expect(await refusalOf(name)).toStartWith("skipped not_a_video");
    },
    LIMIT_MS,
  );
});

test(
  "huge pictures are refused",
  async () => {
    const black = "color=black:s=16384x8704:r=1:d=1";
    await ffmpeg("-f", "lavfi", "-i", black, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", inFolder("huge.avi"));
    expect(await refusalOf("huge.avi")).toMatch(/^permanent (?:unsupported|source_damaged): .*8192x8192/);
  },
  LIMIT_MS,
);

test(
  "hundreds of streams are refused",
  async () => {
    const tones = Array.from({ length: 250 }, () => ["-map", "1:a"]).flat();
    const sound = ["-f", "lavfi", "-i", "anullsrc=r=8000:d=0.2"];
    await ffmpeg(
      ...PICTURE,
      ...sound,
      "-map",
      "0:v",
      ...tones,
      "-c:a",
      "pcm_s16le",
      "-t",
      "0.2",
      inFolder("many.mkv"),
    );
    expect(await refusalOf("many.mkv")).toStartWith("permanent unsupported: The file has 251 tracks");
  },
  LIMIT_MS,
);

test(
  "a film that claims to last for years is refused",
  async () => {
    // Between its two pictures lie 10,000 hours, which a sound track would be filled with silence for.
    const far = "setpts='if(eq(N\\,0)\\,0\\,3.6e7/TB)'";
    const passed = ["-fps_mode", "passthrough", "-frames:v", "2"];
    await ffmpeg(...PICTURE, "-vf", far, ...passed, "-c:v", "mjpeg", inFolder("years.mkv"));
    expect(await refusalOf("years.mkv")).toMatch(
      /^permanent unsupported: The file claims to last 10000 hours/,
    );
  },
  LIMIT_MS,
);

test.each([
  ["1000000", "mp4"],
  ["1000000", "mkv"],
  ["0.001", "mkv"],
])(
  "%s frames a second in %s end in a film or a sentence",
  async (rate, extension) => {
    const name = `rate-${rate}.${extension}`;
    const picture = ["-f", "lavfi", "-i", `testsrc2=s=64x48:r=${rate}`];
    await ffmpeg(...picture, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-frames:v", "5", inFolder(name));
    const ended = await refusalOf(name);
    expect(ended === "done" || /^permanent |^skipped /.test(ended) ? "" : ended).toBe("");
  },
  LIMIT_MS,
);
