import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepStaging } from "../../../src/roles/master/sweep.ts";

const NOW_MS = Date.parse("2030-01-02T00:00:00Z");
const HOUR_MS = 3_600_000;

test("only left-over staging files and old canaries go", async () => {
  const staging_path = await mkdtemp(join(tmpdir(), "vc-sweep-"));
  const files: [string, number][] = [
    ["held000000.1.partial.mp4", 10 * HOUR_MS],
    ["gone000000.1.partial.mp4", 10 * HOUR_MS],
    ["gone000000.2.partial.mp4copy", 10 * HOUR_MS],
    ["fresh00000.1.partial.mkv", HOUR_MS / 2],
    ["canary-w1-old", 30 * HOUR_MS],
    ["canary-w1-new", HOUR_MS],
    ["canary", 300 * HOUR_MS],
    ["master.lock", 300 * HOUR_MS],
    ["Notes.1.partial.txt", 300 * HOUR_MS],
  ];
  try {
    for (const [name, age_ms] of files) {
      await writeFile(join(staging_path, name), "x");
      await utimes(join(staging_path, name), (NOW_MS - age_ms) / 1000, (NOW_MS - age_ms) / 1000);
    }
    await mkdir(join(staging_path, "folder0000.1.partial.mp4"));
    const swept = await sweepStaging({
      staging_path,
      isHeld: ({ job_id }) => job_id === "held000000",
      now_ms: NOW_MS,
      older_than_ms: NOW_MS - HOUR_MS,
    });
    expect(swept).toBe(3);
    expect((await readdir(staging_path)).toSorted()).toEqual(
      [
        "Notes.1.partial.txt",
        "canary",
        "canary-w1-new",
        "folder0000.1.partial.mp4",
        "fresh00000.1.partial.mkv",
        "held000000.1.partial.mp4",
        "master.lock",
      ].toSorted(),
    );
  } finally {
    await rm(staging_path, { recursive: true });
  }
});

test("a symlink goes, what it points at stays", async () => {
  const staging_path = await mkdtemp(join(tmpdir(), "vc-sweep-"));
  try {
    await writeFile(join(staging_path, "precious"), "x");
    await symlink(join(staging_path, "precious"), join(staging_path, "gone000000.1.partial.mp4"));
    const now_ms = Date.now() + 1000;
    await sweepStaging({ staging_path, isHeld: () => false, now_ms, older_than_ms: now_ms });
    expect(await readdir(staging_path)).toEqual(["precious"]);
  } finally {
    await rm(staging_path, { recursive: true });
  }
});
