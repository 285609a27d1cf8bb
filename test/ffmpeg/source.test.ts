import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSource } from "../../src/ffmpeg/source.ts";
import { type FilmServer, serveFilm, type Trouble } from "../support/film-server.ts";
import { temporaryFolder } from "./machine.ts";

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * 7 + (n >> 8)) & 255));
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path = "";
let server: FilmServer;
let trouble: Trouble | null = null;
let head: Response | null = null;
beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "some.mkv");
  await writeFile(path, bytes);
  server = await serveFilm(path, { trouble: () => trouble, head: () => head });
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const ways = [
  ["a file", () => path],
  ["a stream", () => server.url],
] as const;

describe.each(ways)("%s", (_name, where) => {
  test.each([
    [0, 10],
    [0, 65_536],
    [65_530, 20],
    [100, 150_000],
    [199_990, 100],
    [200_000, 10],
    [1e12, 16],
    [5, 0],
  ])("gives the bytes from %d on, %d of them or as many as there are", async (at, length) => {
    const source = await openSource(where());
    expect(source?.size).toBe(bytes.length);
    expect(await source?.read({ at, length })).toEqual(bytes.subarray(at, at + length));
    await source?.close();
  });

  test("gives any bytes in any order", async () => {
    const source = await openSource(where());
    for (const at of [150_000, 0, 70_000, 69_999, 199_999, 8]) {
      expect(await source?.read({ at, length: 16 })).toEqual(bytes.subarray(at, at + 16));
    }
    await source?.close();
  });
});

test("small reads that lie together are one request", async () => {
  const before = server.requests();
  const source = await openSource(server.url);
  for (let at = 0; at < 60_000; at += 1000) await source?.read({ at, length: 16 });
  await source?.close();
  expect(server.requests() - before).toBe(1);
});

describe("what is not there", () => {
  test("is null", async () => {
    expect(await openSource(join(folder.path, "none.mkv"))).toBeNull();
    head = new Response(null, { status: 410 });
    expect(await openSource(server.url)).toBeNull();
    head = null;
  });

  test("is no stream under another secret", async () => {
    const other = server.url.replace("0123", "3210");
    expect(openSource(other)).rejects.toMatchObject({ code: "unreachable" });
  });

  test("a folder cannot be read", async () => {
    const source = await openSource(folder.path);
    expect(source?.read({ at: 0, length: 10 })).rejects.toMatchObject({ code: "storage" });
    await source?.close();
  });
});

describe("a stream in trouble", () => {
  const rows: [string, Trouble][] = [
    ["that ends early", { cut_after: 65_536 }],
    ["that answers with 502", { status: 502 }],
    ["that answers with 409", { status: 409 }],
    ["that leads elsewhere", { status: 302, location: "http://127.0.0.1:1/" }],
  ];
  test.each(rows)("%s is not taken for its bytes", async (_name, how) => {
    const source = await openSource(server.url);
    trouble = how;
    const read = source?.read({ at: 0, length: 100_000 });
    expect(read).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("broke off"),
    });
    await read?.catch(() => undefined);
    trouble = null;
  });

  test("nobody there", async () => {
    const gone = await serveFilm(path);
    await gone.stop();
    expect(openSource(gone.url)).rejects.toMatchObject({ code: "unreachable" });
    await rm(path);
  });
});
