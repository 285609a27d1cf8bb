import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createComplaints, decodeWhole } from "../../src/ffmpeg/decode-whole.ts";
import type { AudioPlan } from "../../src/ffmpeg/plan-audio.ts";
import { run } from "../support/processes.ts";
import { temporaryFolder, thisMachine } from "./machine.ts";

const PROBING = "[mp3float @ 0x55d0] [error] Header missing";
const BEGUN = "[info] Stream mapping:";

test.each<[string, string[], string | null]>([
  ["nothing but news", ["[info] Input #0", BEGUN, "[aac @ 0x1] [warning] Too many bits"], null],
  ["what a track that nobody decodes says when it is tried", [PROBING, BEGUN], null],
  ["the same when its parser says it", ["[Mp3float parser @ 0x1] [error] Invalid packet", BEGUN], null],
  ["another codec then", ["[aac @ 0x1] [error] Broken", BEGUN], "[aac @ 0x1] Broken"],
  ["ffmpeg itself then", ["[fatal] No such filter", PROBING], "No such filter"],
  [
    "a good track of that codec later",
    [PROBING, BEGUN, "[mp3float @ 0x77] [error] invalid new backstep -1", "[error] More"],
    "[mp3float @ 0x77] invalid new backstep -1",
  ],
  [
    "as newer ffmpegs say it",
    [BEGUN, "[aist#0:1/mp3 @ 0x1] [dec:mp3float @ 0x2] [error] Error submitting packet"],
    "[aist#0:1/mp3 @ 0x1] [dec:mp3float @ 0x2] Error submitting packet",
  ],
  ["a title that looks like one", ["[info]     title           : [error] x", BEGUN], null],
])("takes from %s what is a complaint", (_, lines, said) => {
  const complaints = createComplaints(["mp3"]);
  for (const line of lines) complaints.read(line);
  expect(complaints.first()).toBe(said);
});

test("hears a damaged track beside one of the same codec that nobody decodes", async () => {
  const folder = await temporaryFolder();
  try {
    const at = (name: string) => join(folder.path, name);
    const made = async (...cmd: string[]) =>
      expect((await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } })).stderr).toBe("");
    const ffmpeg = ["ffmpeg", "-v", "error", "-y"];
    await made(
      ...ffmpeg,
      "-f",
      "lavfi",
      "-i",
      "sine=d=4",
      "-b:a",
      "128k",
      "-write_xing",
      "0",
      at("good.mp3"),
    );
    // Frames of 417 or 418 bytes: their headers stay, so that all of them are taken for packets.
    const bytes = await readFile(at("good.mp3"));
    const first = bytes.indexOf(Buffer.from("fffb", "hex"));
    for (let frame = first, n = 0; frame >= 0; frame = bytes.indexOf("fffb", frame + 400, "hex"), n++)
      if (n > 60) bytes.fill(0x5a, frame + 6, frame + 60);
    await writeFile(at("damaged.mp3"), bytes);
    const film = ["-f", "lavfi", "-i", "testsrc2=s=96x64:d=4", "-i", at("good.mp3")];
    for (const name of ["good", "damaged"])
      await made(...ffmpeg, ...film, "-i", at(`${name}.mp3`), ...MAPS, at(`${name}.mkv`));
    const { path: ffmpeg_path } = (await thisMachine()).ffmpeg;
    const of = { ffmpeg_path, plan: { audio: [UNDECODABLE, MP3] }, signal: new AbortController().signal };
    expect(await decodeWhole({ ...of, path: at("good.mkv") })).toMatchObject({ failed: false });
    const ended = await decodeWhole({ ...of, path: at("damaged.mkv") });
    expect(ended.failed).toBe(true);
    expect(ended.said).toContain("mp3float");
  } finally {
    await folder.remove();
  }
}, 60_000);

const MAPS = ["-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "copy"];
const MP3: AudioPlan = { index: 1, action: "copy", codec: "mp3", language: null, title: null, flags: [] };
const UNDECODABLE: AudioPlan = { ...MP3, index: 2, undecodable: true };
