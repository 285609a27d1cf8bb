import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { args, commandLine } from "../../src/ffmpeg/args.ts";
import { startFfmpeg } from "../../src/ffmpeg/process.ts";
import { FOREVER, makeFake } from "./fake.ts";
import { temporaryFolder } from "./machine.ts";
import { audioStream, bestPlan, conversion, media } from "./records.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

function someArguments(target: string) {
  const source = media({ audio: [audioStream()] });
  const best = bestPlan({ media: source, conversion: conversion({ codec: "hevc" }) });
  return args(best, { source: join(folder.path, "a film with  spaces 'and' quotes.mkv"), target });
}

async function run(ffmpeg_path: string, target = join(folder.path, "out.mp4")) {
  const lines: string[] = [];
  const given = someArguments(target);
  const child = await startFfmpeg({ ffmpeg_path, arguments: given, onLine: (line) => lines.push(line) });
  return { child, lines, given };
}

test("what reaches ffmpeg is what was planned, to the letter", async () => {
  const record = join(folder.path, "argv.json");
  const fake = await makeFake(
    folder.path,
    "record",
    `fs.writeFileSync(${JSON.stringify(record)}, JSON.stringify(argv));`,
  );
  const { child, given } = await run(fake);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(JSON.parse(await readFile(record, "utf8"))).toEqual(commandLine(fake, given).slice(1));
});

test("an option that contains one space stays one option", async () => {
  const record = join(folder.path, "spaces.json");
  const fake = await makeFake(
    folder.path,
    "spaces",
    `fs.writeFileSync(${JSON.stringify(record)}, JSON.stringify(argv));`,
  );
  const options = {
    input: ["-progress", "b c"],
    source: "file:in put",
    output: ["-metadata", "title=Two words"],
    target: "file:out put",
  };
  const child = await startFfmpeg({ ffmpeg_path: fake, arguments: options, onLine: () => undefined });
  await child.exited;
  expect(JSON.parse(await readFile(record, "utf8"))).toEqual([
    "-progress",
    "b c",
    "-i",
    "file:in put",
    "-metadata",
    "title=Two words",
    "file:out put",
  ]);
});

describe("how it ended", () => {
  test("with an exit code, after every line was read", async () => {
    const fake = await makeFake(
      folder.path,
      "lines",
      'for (let n = 0; n < 2000; n++) say("line " + n); process.exit(7);',
    );
    const { child, lines } = await run(fake);
    expect(await child.exited).toEqual({ code: 7, signal: null });
    expect(lines).toHaveLength(2000);
    expect(lines.at(-1)).toBe("line 1999");
  });

  test("by a signal", async () => {
    const fake = await makeFake(folder.path, "dies", 'process.kill(process.pid, "SIGKILL");');
    expect(await (await run(fake)).child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("by our signal", async () => {
    const fake = await makeFake(folder.path, "forever", FOREVER);
    const { child } = await run(fake);
    child.kill("SIGKILL");
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });
});

describe("a program that cannot be started", () => {
  test("because it is not there", async () => {
    await expect(run(join(folder.path, "nowhere"))).rejects.toMatchObject({ code: "ffmpeg" });
  });

  test("because it is no program", async () => {
    const path = join(folder.path, "text");
    await writeFile(path, "text", { mode: 0o755 });
    await expect(run(path)).rejects.toMatchObject({ code: "ffmpeg" });
  });

  test("because it ends at once", async () => {
    const path = join(folder.path, "fails.js");
    await writeFile(path, `#!${process.execPath}\nprocess.exit(3);\n`, { mode: 0o755 });
    await expect(run(path)).rejects.toMatchObject({
      code: "ffmpeg",
      message: expect.stringContaining("exit code 3"),
    });
  });

  test("while one that can be is asked for its version first, but not again a moment later", async () => {
    const [path, asked] = [join(folder.path, "counts"), join(folder.path, "asked")];
    await writeFile(path, `#!/bin/sh\n[ "$1" = -version ] && echo x >> '${asked}'\nexit 0\n`, {
      mode: 0o755,
    });
    for (let n = 0; n < 3; n += 1) await (await run(path)).child.exited;
    expect((await readFile(asked, "utf8")).length).toBeLessThan(3 * "x\n".length);
  });

  test("and another one after it can be", async () => {
    const fake = await makeFake(folder.path, "fine", "");
    expect(await (await run(fake)).child.exited).toEqual({ code: 0, signal: null });
  });
});
