import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import { isStream, sourceUrl } from "../../src/ffmpeg/guard.ts";
import { box, number, withBox } from "../support/containers.ts";
import { serveFilm, type Trouble } from "../support/film-server.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

/** Hostile files, made with ffmpeg where it makes them, and with an editor where it refuses. */
const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
  await makeClip({ name: "plain.mp4", path: inFolder("secret.mp4"), seconds: 1 });
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
      await writeFile(inFolder(name), text);
      expect(await refusalOf(name)).toStartWith("skipped not_a_video");
    },
    LIMIT_MS,
  );
});

test(
  "huge pictures are refused",
  async () => {
    const black = "color=black:s=16384x4100:r=1:d=1";
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

describe("what is a stream", () => {
  const SECRET = "0123456789abcdefghij_-";
  const rows: [string, boolean][] = [
    [`http://127.0.0.1:4000/${SECRET}/film.mkv`, true],
    [`http://127.0.0.1:4000/${SECRET}/film`, true],
    [`http://127.0.0.1:4000/${SECRET}/film.mkv?x=y`, false],
    [`http://127.0.0.1:4000/${SECRET}/film.mkv\n`, false],
    [`http://127.0.0.1:4000/${SECRET}/other.mkv`, false],
    [`http://127.0.0.1:4000/${SECRET}/../film.mkv`, false],
    ["http://127.0.0.1:4000/short/film.mkv", false],
    [`http://127.0.0.1/${SECRET}/film.mkv`, false],
    [`http://127.0.0.1:4000@example.org/${SECRET}/film.mkv`, false],
    [`http://10.0.0.1:4000/${SECRET}/film.mkv`, false],
    [`http://localhost:4000/${SECRET}/film.mkv`, false],
    [`https://127.0.0.1:4000/${SECRET}/film.mkv`, false],
    [` http://127.0.0.1:4000/${SECRET}/film.mkv`, false],
    ["/films/http://127.0.0.1:4000/film.mkv", false],
    ["rtmp://127.0.0.1:4000/film.mkv", false],
  ];
  test.each(rows)("%j: %s", (source, stream) => {
    expect(isStream(source)).toBe(stream);
    expect(sourceUrl(source)).toBe(stream ? source : `file:${source}`);
  });
});

describe("a stream leads nowhere else", () => {
  /** One who must never be asked, and a film that must never be seen. */
  let asked: string[] = [];
  let other: Bun.Server<undefined>;
  beforeAll(() => {
    other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(request.url);
        return new Response(Bun.file(inFolder("secret.mp4")));
      },
    });
  });
  afterAll(() => other.stop(true));

  async function endOf(name: string, trouble?: Parameters<typeof serveFilm>[1]): Promise<string> {
    asked = [];
    const server = await serveFilm(inFolder(name), trouble);
    try {
      const ended = await convert({ source: server.url, target: inFolder("result.mp4") });
      return ended.outcome === "done" ? "done" : `${ended.outcome} ${ended.reason}`;
    } finally {
      await server.stop();
    }
  }

  const lists: [string, (place: string) => string][] = [
    ["hls", (place) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${place}\n#EXT-X-ENDLIST\n`],
    ["concat", (place) => `ffconcat version 1.0\nfile ${place}\n`],
    [
      "dash",
      (place) =>
        `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1"><BaseURL>${place}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    ],
    ["asx", (place) => `<asx version="3.0"><entry><ref href="${place}"/></entry></asx>`],
    ["pls", (place) => `[playlist]\nFile1=${place}\nNumberOfEntries=1\n`],
    ["rtsp", (place) => `rtsptext\n${place}\n`],
  ];
  const rows = lists.flatMap(([name, text]) =>
    ["mkv", "mp4", "ts"].map((extension) => [`${name}.${extension}`, text] as const),
  );
  test.each(rows)(
    "%s that names films of others",
    async (name, text) => {
      for (const place of [`${other.url}film.mp4`, `file://${inFolder("secret.mp4")}`, "/etc/passwd"]) {
        await writeFile(inFolder(name), text(place));
        expect(await endOf(name)).toBe("skipped not_a_video");
      }
      expect(asked).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "a film whose pictures lie in another file, by its own words",
    async () => {
      const film = await readFile(inFolder("secret.mp4"));
      for (const place of [`${other.url}film.mp4`, inFolder("secret.mp4")]) {
        await writeFile(inFolder("outside.mov"), withMediaAt(film, place));
        const probe = Bun.spawn(["ffprobe", "-v", "warning", inFolder("outside.mov")], { stderr: "pipe" });
        expect(await new Response(probe.stderr).text()).toContain("Skipped opening external track");
        expect(await endOf("outside.mov")).not.toBe("done");
        expect(asked).toEqual([]);
      }
    },
    LIMIT_MS,
  );

  test.each([1, 4, 8])(
    "a redirect, from request %d on, is no way",
    async (first) => {
      const trouble = ({ n }: { n: number }): Trouble | null =>
        n >= first ? { status: 302, location: `${other.url}film.mp4` } : null;
      expect(await endOf("secret.mp4", { trouble })).toStartWith("retry ");
      expect(asked).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "nor is a proxy that the environment names",
    async () => {
      const before = process.env.http_proxy;
      process.env.http_proxy = other.url.href;
      try {
        expect(await endOf("secret.mp4")).toBe("done");
      } finally {
        if (before === undefined) delete process.env.http_proxy;
        else process.env.http_proxy = before;
      }
      expect(asked).toEqual([]);
    },
    LIMIT_MS,
  );
});

/** An mp4 whose samples lie in another file: an alias record (QuickTime's `alis`) of an absolute path. */
function withMediaAt(film: Buffer, place: string): Buffer {
  const path = Buffer.from(place.padEnd(place.length + (place.length % 2), "\0"));
  const record = Buffer.alloc(150);
  record.writeUInt16BE(1, 132);
  record.writeUInt16BE(1, 130);
  const tagged = Buffer.concat([Buffer.from([0, 2, path.length >> 8, path.length & 255]), path]);
  const alias = box("alis", number(0), record, tagged, Buffer.from([255, 255, 0, 0]));
  const made = withBox(film, ["moov", "trak", "mdia", "minf", "dinf", "dref"], alias);
  // In the place of the first, which all samples refer to.
  const at = made.indexOf("dref") + 12;
  const own = Buffer.from(made.subarray(at, at + 12));
  alias.copy(made, at);
  own.copy(made, at + alias.length);
  made.writeUInt32BE(2, at - 4);
  return made;
}
