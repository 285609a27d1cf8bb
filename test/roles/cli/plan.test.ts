import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClip } from "../../../scripts/clips.ts";
import type { Foreseen } from "../../../src/roles/cli/plan-foresee.ts";
import { recallTrials } from "../../support/known-trials.ts";
import { runVc } from "./run-vc.ts";

const LIMIT_MS = 600_000;
const folder = mkdtempSync(join(tmpdir(), "vc-plan-"));
const cache = join(folder, "cache");
const film = join(folder, "films", "phone", "a.mp4");
beforeAll(async () => {
  mkdirSync(join(folder, "films", "phone"), { recursive: true });
  await recallTrials(join(cache, "vc"));
  await makeClip({ name: "plain.mp4", path: film });
  writeFileSync(
    join(folder, "master.yaml"),
    [
      "scanner: {root_path: films, output_base: out}",
      "rules:",
      "  max_size_ratio: 0.5",
      "  exclude: ['*.sample.mp4']",
      "  profiles:",
      "    - {name: small, match: phone/**, conversion: {target_resolution: 160x120, container: mkv}}",
    ].join("\n"),
  );
}, LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true }));

async function plan(...args: string[]): Promise<Foreseen[]> {
  const { stdout, stderr } = await run(...args, "--json");
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as { films: Foreseen[] }).films;
}

function run(...args: string[]) {
  return runVc(["plan", "--use-vulkan", "false", ...args], { cwd: folder, env: { XDG_CACHE_HOME: cache } });
}

describe("vc plan", () => {
  test(
    "tells what becomes of a film by the defaults, and does nothing",
    async () => {
      const before = readdirSync(join(folder, "films", "phone"));
      const [told] = await plan(film);
      expect(told).toMatchObject({
        verdict: "converted",
        profile: null,
        output: "a.mp4",
        source_rel: "a.mp4",
      });
      expect(told?.summary?.encoder).toBe("libx264");
      expect(told?.streams.map(({ fate }) => fate)).not.toContain("none");
      expect(readdirSync(join(folder, "films", "phone"))).toEqual(before);
      expect(readdirSync(folder).toSorted()).toEqual(["cache", "films", "master.yaml"]);
    },
    LIMIT_MS,
  );

  test(
    "says where a replaced film's original goes, and which film cannot be replaced",
    async () => {
      const home = join(folder, "replacing");
      mkdirSync(home);
      const [alone, twice] = ["alone.mp4", "twice.mp4"].map((name) => join(home, name));
      for (const path of [alone, twice]) copyFileSync(film, path ?? "");
      linkSync(twice ?? "", join(home, "again.mp4"));
      writeFileSync(
        join(folder, "replace.yaml"),
        "{scanner: {root_path: replacing, output_base: replacing}, storage: {replace: true}}",
      );
      const told = await plan("--config", "replace.yaml", alone ?? "", twice ?? "");
      rmSync(home, { recursive: true });
      rmSync(join(folder, "replace.yaml"));
      expect(told.map(({ verdict, reason }) => [verdict, reason])).toEqual([
        ["converted", null],
        ["left alone", "not_replaceable"],
      ]);
      expect(told[0]?.notes.join(" ")).toContain(`${home}/.vc/originals`);
      expect(told[1]?.message).toContain("2 names");
    },
    LIMIT_MS,
  );

  test(
    "asks the rules of a configuration, also for a film that is named through a link",
    async () => {
      symlinkSync(join(folder, "films"), join(folder, "link"));
      const named = ["films/phone/a.mp4", "link/phone/a.mp4"];
      const told = await plan("--config", "master.yaml", ...named);
      expect(told.map(({ profile, output }) => [profile, output])).toEqual([
        ["small", "phone/a.mkv"],
        ["small", "phone/a.mkv"],
      ]);
      expect(told[0]?.streams[0]?.becomes).toContain("160x120");
      expect(told[0]?.too_large_from).toBe(Math.ceil((told[0]?.size ?? 0) / 2));
      rmSync(join(folder, "link"));
    },
    LIMIT_MS,
  );

  test.each<[string, string[], Partial<Foreseen>]>([
    ["excluded", ["--exclude", "*.mp4,other"], { verdict: "left alone", reason: "excluded" }],
    ["too short", ["--skip-shorter-than", "1h"], { verdict: "left alone", reason: "too_short" }],
    [
      "converted already",
      ["--skip-converted", "true"],
      { verdict: "left alone", reason: "already_converted" },
    ],
    ["another codec", ["--codec", "hevc", "--skip-converted", "true"], { verdict: "converted" }],
  ])("by options: %s", async (_, options, expected) => {
    const [told] = await plan(film, ...options);
    expect(told).toMatchObject(expected);
  });

  test("tells what is no film, and what no scan would see", async () => {
    writeFileSync(join(folder, "films", "notes.txt"), "no film");
    const [told] = await plan("--config", "master.yaml", "films/notes.txt");
    expect(told).toMatchObject({ verdict: "left alone", reason: "not_a_video", streams: [] });
    expect(told?.notes.join()).toContain("not in scanner.video_extensions");
    const [outside] = await plan("--config", "master.yaml", "master.yaml");
    expect(outside?.notes.join()).toContain("outside of scanner.root_path");
  });

  test("has a screen", async () => {
    const { stdout, code } = await run("--config", "master.yaml", film);
    expect(code).toBe(0);
    expect(stdout).toContain("🎬 phone/a.mp4");
    expect(stdout).toContain("Profile: small");
    expect(stdout).toContain("rules.max_size_ratio, 50%");
    expect(stdout).toMatch(/0 video: h264 .* → h264, 160x120/);
  });

  test.each([
    [["nowhere.mp4"], "cannot plan nowhere.mp4: no such file or directory"],
    [["films"], "cannot plan films: it is no file; name films, not folders"],
    [[], "FILES is missing; see `vc help plan`"],
    [["films/phone/a.mp4", "--qualty", "3"], "unknown option --qualty; did you mean --quality?"],
    [["films/phone/a.mp4", "--quality", "99"], "conversion.quality: found"],
  ])("%p is refused", async (args, text) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(text);
  });
});
