import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, loadMasterConfig } from "../../src/shared/config-file.ts";

const SCANNER = "scanner: {root_path: /a, output_base: /b}\n";

/** A master's file with these rules, below the line of its scanner section. */
function load(rules: string, flags: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "vc-rules-"));
  const path = join(folder, "m.yaml");
  writeFileSync(path, SCANNER + rules);
  try {
    return loadMasterConfig({ path, flags, env: {} }).rules;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function problems(rules: string): string[] {
  try {
    load(rules);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ at, text }) => `${at?.line}:${at?.column} ${text}`);
  }
  return [];
}

test("profiles are read with one pattern or several, and change what they name only", () => {
  const { profiles } = load(`rules:
  profiles:
    - match: phone/**
      conversion: {quality: 28, target_resolution: 1280x720}
    - name: tapes
      match: ["tapes/**", "vhs"]
      conversion: {codec: ffv1, container: mkv, target_resolution: }
`);
  expect(profiles).toEqual([
    { match: ["phone/**"], conversion: { quality: 28, target_resolution: { width: 1280, height: 720 } } },
    {
      name: "tapes",
      match: ["tapes/**", "vhs"],
      conversion: { codec: "ffv1", container: "mkv", target_resolution: null },
    },
  ]);
});

test("without a section nothing is left alone", () => {
  expect(load("")).toEqual({
    ...{ include: [], exclude: [], skip_smaller_than: 0, skip_shorter_than: 0, skip_converted: false },
    ...{ skip_converted_bitrate: null, max_size_ratio: null, profiles: [] },
  });
});

test("patterns of a flag are split at commas that stand outside of braces", () => {
  expect(load("", { "rules.exclude": "extras/**, *.{a,b}.mkv" }).exclude).toEqual([
    "extras/**",
    "*.{a,b}.mkv",
  ]);
});

const PROFILE = "rules:\n  profiles:\n    - ";
test.each<[string, string, string[]]>([
  [
    "a misspelt key of the conversion",
    `${PROFILE}match: a\n      conversion: {qualty: 28}\n`,
    ["5:20 rules.profiles[0].conversion.qualty: unknown key; did you mean quality?"],
  ],
  [
    "a wrong value of the conversion",
    `${PROFILE}match: a\n      conversion:\n        quality: 99\n        codec: h266\n`,
    [
      "6:9 rules.profiles[0].conversion.quality: found 99",
      '7:9 rules.profiles[0].conversion.codec: found "h266"; allowed: h264',
    ],
  ],
  [
    "a profile that matches nothing",
    `${PROFILE}conversion: {quality: 1}\n`,
    ["4:7 rules.profiles[0].match: is missing; allowed: patterns"],
  ],
  [
    "a profile that changes nothing",
    `${PROFILE}match: a\n`,
    ["4:7 rules.profiles[0].conversion: is missing"],
  ],
  [
    "a bad pattern",
    `${PROFILE}match: /a/**\n      conversion: {}\n`,
    ['4:7 rules.profiles[0].match: found "/a/**"; allowed: patterns of paths'],
  ],
  [
    "an unknown key of a profile",
    `${PROFILE}match: a\n      conversion: {}\n      mach: b\n`,
    ["6:7 rules.profiles[0].mach: unknown key; did you mean match?"],
  ],
  [
    "a profile that is a word",
    `${PROFILE}phone\n`,
    ['4:7 rules.profiles[0]: found "phone"; allowed: keys such as'],
  ],
  [
    "profiles that are no list",
    "rules:\n  profiles: 3\n",
    ["3:13 rules.profiles: found 3; allowed: a list of"],
  ],
  [
    "a codec that the container cannot hold",
    `${PROFILE}match: a\n      conversion: {codec: ffv1}\n`,
    [
      "rules.profiles: the codec of profile 1 is ffv1, which mp4 cannot hold; set conversion.container to mkv",
    ],
  ],
  [
    "a bad pattern among good ones",
    'rules:\n  exclude: [a, "b[c"]\n',
    ['rules.exclude: found ["a","b[c"]; allowed: patterns', '"b[c" has a [ without its ]'],
  ],
  [
    "no share at all",
    "rules:\n  max_size_ratio: 0\n",
    ["3:19 rules.max_size_ratio: found 0; allowed: a share"],
  ],
])("%s is told with its place", (_, rules, expected) => {
  const told = problems(rules).join("\n");
  expect(expected.filter((text) => !told.includes(text))).toEqual([]);
  expect(told).not.toBe("");
});
