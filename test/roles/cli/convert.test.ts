import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVc } from "./run-vc.ts";

/** Runs `vc convert` on a new folder `films` beside an ordinary file `taken`. */
async function convert(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "vc-convert-"));
  mkdirSync(join(folder, "films"));
  writeFileSync(join(folder, "films", "notes.txt"), "no film");
  writeFileSync(join(folder, "taken"), "");
  try {
    const ended = await runVc(["convert", "films", ...args], { cwd: folder });
    return { ...ended, films: readdirSync(join(folder, "films")), folder };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a folder without films is told, with what was looked for", async () => {
  const { code, stdout, stderr, folder } = await convert("--out", "out");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toStartWith(`no films found in ${join(folder, "films")}; looked for .mp4, .mkv, `);
}, 300_000);

test.each(["taken", "taken/below"])(
  "results cannot go to %s, and nothing is made",
  async (out) => {
    const { code, stdout, stderr, films, folder } = await convert("--out", out);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(`vc: --out: cannot write in ${join(folder, out)}: not a directory\n`);
    expect(films).toEqual(["notes.txt"]);
  },
  300_000,
);
