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
  const run = await runTool({ argv, limit_ms: 1000, max_bytes: 1000, gone_ms: 100, onOutput });
  expect(run).toMatchObject({ timed_out: true, stderr: "" });
  process.kill(Number(Buffer.concat(pieces).toString()), "SIGKILL");
});
