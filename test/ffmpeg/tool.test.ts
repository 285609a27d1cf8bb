import { expect, test } from "bun:test";
import { captureTool, runTool } from "../../src/ffmpeg/tool.ts";

const show = (name: string) => [process.execPath, "-e", `process.stdout.write(String(process.env.${name}))`];

test.each([
  ["VC_TOKEN", "undefined"],
  ["VC_WORKER_TOKEN", "undefined"],
  ["VC_LIGHT", "on"],
])("ffmpeg and ffprobe never see a token: %s is %s", async (name, seen) => {
  process.env[name] = "on";
  try {
    const run = await captureTool({ argv: show(name), limit_ms: 30_000, max_bytes: 1000 });
    expect(run.stdout.toString("utf8")).toBe(seen);
  } finally {
    delete process.env[name];
  }
});

test("a tool that takes too long is killed", async () => {
  const argv = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
  expect(await captureTool({ argv, limit_ms: 300, max_bytes: 1000 })).toMatchObject({ timed_out: true });
});

test("a tool that does not seem to end even then is left behind", async () => {
  // What it started holds its messages open.
  const holder = 'Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "inherit"], detached: true }).pid';
  const program = `process.stdout.write(String(${holder})); setInterval(() => {}, 1000)`;
  const argv = [process.execPath, "-e", program];
  const pieces: Uint8Array[] = [];
  const onOutput = (piece: Uint8Array) => void pieces.push(piece);
  const run = await runTool({ argv, limit_ms: 10_000, max_bytes: 1000, gone_ms: 100, onOutput });
  expect(run).toMatchObject({ timed_out: true, stderr: "" });
  const held = Number(Buffer.concat(pieces).toString());
  // 0 would be the tests themselves.
  expect(held).toBeGreaterThan(1);
  process.kill(held, "SIGKILL");
});

test("what a tool says of a stream that broke off is worth nothing", async () => {
  const stream = "http://127.0.0.1:4000/0123456789abcdefghijkl/film.mkv";
  const saying = (line: string, source: string) => {
    const program = `process.stderr.write(${JSON.stringify(`${line}\n`)}); process.stdout.write("0")`;
    return captureTool({
      argv: [process.execPath, "-e", program, source],
      ...{ limit_ms: 30_000, max_bytes: 1000 },
    });
  };
  const cut = "[http @ 0x1] HTTP error 502 Bad Gateway";
  await expect(saying(cut, stream)).rejects.toMatchObject({ code: "unreachable" });
  expect(await saying(cut, "file:/film.mkv")).toMatchObject({ code: 0 });
  expect(await saying("[http @ 0x1] HTTP error 416 Range Not Satisfiable", stream)).toMatchObject({
    code: 0,
  });
});
