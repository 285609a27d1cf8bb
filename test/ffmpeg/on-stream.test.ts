import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLIPS, makeClip } from "../../scripts/clips.ts";
import type { ConvertResult } from "../../src/ffmpeg/convert.ts";
import { isAway, onSource } from "../../src/ffmpeg/on-stream.ts";
import type { Refusal } from "../../src/ffmpeg/refusal.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { type FilmServer, serveFilm } from "../support/film-server.ts";
import { run } from "../support/processes.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

const inFolder = (name: string) => join(folder.path, name);

type Served = { ended: ConvertResult; server: FilmServer; size: number };

/** One conversion of a film that is served, and how it ended. */
async function convertServed(
  path: string,
  how: Parameters<typeof serveFilm>[1] = {},
  changes: Partial<Conversion> = {},
  options: Parameters<typeof convert>[2] = {},
): Promise<Served> {
  const server = await serveFilm(path, how);
  try {
    const ended = await convert({ source: server.url, target: inFolder("result.mp4") }, changes, options);
    return { ended, server, size: (await stat(path)).size };
  } finally {
    await server.stop();
  }
}

function reasonOf(ended: ConvertResult): string {
  return ended.outcome === "done" ? "done" : `${ended.outcome} ${ended.reason}`;
}

/** Of those that are read in different ways one each; the others are among the long trials. */
const SERVED = [
  ...["plain.mp4", "old.avi", "variable.mp4", "stream.ts", "cut.mkv", "cut-faststart.mp4"],
  ...["playlist.mkv", "empty.mp4", "zeros.mkv"],
];

describe("a clip ends over a stream as it does from a file", () => {
  const clip = (name: string, expected: string) => async () => {
    const { ended } = await convertServed(await makeClip({ name, path: inFolder(name) }));
    const { log_tail } = ended.report;
    const reason = ended.outcome === "done" ? "done" : ended.reason;
    expect({ reason: reason as string, log_tail }).toEqual({ reason: expected, log_tail });
  };
  const [often, others] = [true, false].map((quick) =>
    CLIPS.filter(({ name }) => SERVED.includes(name) === quick),
  );
  for (const { name, expected } of often ?? []) test(`${name}: ${expected}`, clip(name, expected), LIMIT_MS);
  testOr(
    unlessFull,
    "each of the others",
    async () => {
      for (const { name, expected } of others ?? []) await clip(name, expected)();
    },
    30 * LIMIT_MS,
  );
});

const KINDS = ["mkv", "ts", "mp4", "avi"];

/** Small pictures of a fine noise, which fill some 250 kB a second: what is long to read is soon converted. */
async function makeNoise(path: string, { duration_s, rate }: { duration_s: number; rate: number }) {
  const picture = `testsrc2=size=160x120:rate=${rate}:duration=${duration_s},noise=alls=60:allf=t`;
  const tone = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${duration_s}`];
  const codecs = ["-c:v", "mpeg4", "-qmin", "1", "-q:v", `${rate / 6}`, "-c:a", "mp2", "-shortest"];
  const cmd = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, ...tone, ...codecs];
  const made = await run({
    cmd: [...cmd, `file:${path}`],
    cwd: folder.path,
    env: { PATH: process.env.PATH ?? "" },
  });
  if (made.exit !== 0) throw new Error(`${path}: ${made.stderr}`);
}

test.each(["mkv"])(
  "a long %s is read wholly twice, to convert it and to compare all of its packets",
  async (extension) => {
    const path = inFolder(`longer.${extension}`);
    await makeNoise(path, { duration_s: 70, rate: 6 });
    const { ended, server, size } = await convertServed(path, {}, { verify: "full" });
    expect(reasonOf(ended)).toBe("done");
    expect(server.longest().filter((bytes) => bytes > 0.6 * size)).toHaveLength(2);
    await rm(path);
  },
  LIMIT_MS,
);

test(
  "a wish is searched and its result proven over a stream",
  async () => {
    const path = inFolder("wished.ts");
    await makeNoise(path, { duration_s: 1, rate: 12 });
    const wish = { measure: "ssim", score: 0.9 } as const;
    const { ended } = await convertServed(path, {}, { quality: wish, verify: "measured" });
    expect(reasonOf(ended)).toBe("done");
    const { search, score, verified } = ended.report;
    expect({ reached: search?.reached, met: score?.met, verified }).toEqual({
      ...{ reached: true, met: true, verified: "measured" },
    });
  },
  LIMIT_MS,
);

/** 5 MB and 20 s: more than is looked at, and than lies in the system's buffers. */
async function longFilm(extension: string): Promise<string> {
  const path = inFolder(`long.${extension}`);
  if (!existsSync(path)) await makeNoise(path, { duration_s: 20, rate: 12 });
  return path;
}

describe("a connection that breaks", () => {
  test.each(KINDS)(
    "every 300 kB is made again for %s",
    async (extension) => {
      const { ended } = await convertServed(await longFilm(extension), {
        trouble: () => ({ cut_after: 300_000 }),
      });
      expect(reasonOf(ended)).toBe("done");
    },
    LIMIT_MS,
  );

  const lasting = KINDS.map((extension, n) => [[0.3, 0.6, 0.95][n % 3] ?? 0.5, extension] as const);
  test.each(lasting)(
    "for good, at %d of an %s, says nothing about the film",
    async (part, extension) => {
      const path = await longFilm(extension);
      const end = Math.round((await stat(path)).size * part);
      const { ended } = await convertServed(path, {
        trouble: ({ from }) => (from < end ? { cut_after: end - from } : { status: 502 }),
      });
      expect(reasonOf(ended)).toBe("retry transfer_failed");
      expect(existsSync(inFolder("result.mp4"))).toBe(false);
    },
    LIMIT_MS,
  );

  test.each(["mp4"])(
    "for good, somewhere in the work on an %s, never makes a film of its beginning",
    async (extension) => {
      const path = await longFilm(extension);
      const whole = await convertServed(path);
      const last = whole.server.requests();
      for (let n = 2; n < last; n += Math.ceil(last / 4)) {
        const { ended } = await convertServed(path, {
          trouble: (asked) => (asked.n >= n ? { status: 502 } : null),
        });
        expect(`${n}: ${reasonOf(ended)}`).toBe(`${n}: retry transfer_failed`);
      }
    },
    LIMIT_MS,
  );
});

test(
  "a film comes from a server that is slow to answer",
  async () => {
    const { ended } = await convertServed(await longFilm("mkv"), {
      trouble: () => ({ wait: Bun.sleep(100) }),
    });
    expect(reasonOf(ended)).toBe("done");
  },
  LIMIT_MS,
);

test(
  "ffmpeg is not blamed for a source that gives nothing for a while",
  async () => {
    const path = await longFilm("mkv");
    const released = Promise.withResolvers<void>();
    let waits = false;
    let heads = 0;
    const { ended } = await convertServed(
      path,
      {
        trouble: () => ({ cut_after: 300_000, ...(waits ? { wait: released.promise } : {}) }),
        head: () => {
          if (!waits) return null;
          heads += 1;
          if (heads === 3) released.resolve();
          return heads <= 3 ? new Response(null, { status: 503 }) : null;
        },
      },
      { codec: "hevc" },
      {
        limits: { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 5000 },
        onProgress({ stage }) {
          waits ||= stage === "encoding";
          if (stage === "verifying") released.resolve();
        },
      },
    );
    expect(reasonOf(ended)).toBe("done");
    expect(heads).toBeGreaterThan(3);
  },
  LIMIT_MS,
);

describe("a source that changes while it is read", () => {
  // As often an attempt asks for a whole source before its end.
  const LOOKS = 6;

  test.each([
    ["shrinks", 0.5],
    ["grows", 1.5],
  ])(
    "and %s is not taken for the film",
    async (_how, factor) => {
      const path = inFolder("changing.mkv");
      await copyFile(await longFilm("mkv"), path);
      const { size } = await stat(path);
      const { ended } = await convertServed(path, {
        trouble: ({ n }) => (n < 3 ? null : { wait: truncate(path, Math.round(size * factor)) }),
      });
      expect(reasonOf(ended)).toBe("retry source_changed");
    },
    LIMIT_MS,
  );

  test.each([
    ["another ETag", { headers: { "Content-Length": "SIZE", ETag: '"b"' } }, "retry source_changed"],
    ["409", { status: 409 }, "retry source_changed"],
    ["410", { status: 410 }, "skipped source_missing"],
    // It was verified, and whoever publishes it compares the source once more.
    ["502", { status: 502 }, "done"],
  ])(
    "is told by %s at the end",
    async (_name, init, expected) => {
      const path = await makeClip({ name: "plain.mkv", path: inFolder("plain.mkv") });
      const { size } = await stat(path);
      let heads = 0;
      const { ended } = await convertServed(path, {
        head: () => {
          heads += 1;
          const { headers, status = 200 } = init as { headers?: Record<string, string>; status?: number };
          const tagged = { "Content-Length": `${size}`, ETag: '"a"' };
          if (heads < LOOKS) return new Response(null, { headers: tagged });
          return new Response(null, {
            status,
            headers: { ...tagged, ...headers, "Content-Length": `${size}` },
          });
        },
      });
      expect({ reason: reasonOf(ended), heads: heads >= LOOKS }).toEqual({ reason: expected, heads: true });
    },
    LIMIT_MS,
  );
});

describe("onSource", () => {
  const damaged: Refusal = { outcome: "permanent", reason: "source_damaged", message: "Holes." };
  const run = (source: string, ended: { refusal: Refusal } | { size: number; beside: [] }) =>
    onSource({ source, target: inFolder("x"), signal: new AbortController().signal }, async () => ended);

  test("leaves a file's attempt alone", async () => {
    expect(await run("/nowhere/film.mkv", { refusal: damaged })).toEqual({ refusal: damaged });
  });

  test("believes in damage only where the stream is still there", async () => {
    await writeFile(inFolder("some.mkv"), "some bytes");
    let status = 200;
    const head = () => (status === 200 ? null : new Response(null, { status }));
    const server = await serveFilm(inFolder("some.mkv"), { head });
    expect(await run(server.url, { refusal: damaged })).toEqual({ refusal: damaged });
    expect(await isAway(server.url)).toBe(false);
    const ended = onSource(
      { source: server.url, target: inFolder("x"), signal: new AbortController().signal },
      async () => {
        status = 503;
        return { refusal: damaged };
      },
    );
    expect(await ended).toMatchObject({ refusal: { outcome: "retry", reason: "transfer_failed" } });
    expect(await isAway(server.url)).toBe(true);
    await server.stop();
    expect(await run(server.url, { refusal: damaged })).toMatchObject({
      refusal: { reason: "transfer_failed" },
    });
  });

  test("takes away what was made beside the film of another source", async () => {
    await writeFile(inFolder("some.mkv"), "some bytes");
    await writeFile(inFolder("x.1.mks"), "subtitles");
    let status = 200;
    const head = () => (status === 200 ? null : new Response(null, { status }));
    const server = await serveFilm(inFolder("some.mkv"), { head });
    const beside = [{ suffix: ".1.mks", extension: "mks" as const, label: "de", size: 9 }];
    const ended = await onSource(
      { source: server.url, target: inFolder("x"), signal: new AbortController().signal },
      async () => {
        status = 409;
        return { size: 1, beside };
      },
    );
    await server.stop();
    expect(ended).toMatchObject({ refusal: { outcome: "retry", reason: "source_changed" } });
    expect(existsSync(inFolder("x.1.mks"))).toBe(false);
  });
});
