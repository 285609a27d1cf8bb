import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { MasterConfig } from "../../src/shared/config.ts";
import { createWishes, NO_RULES, type Rules } from "../../src/shared/rules.ts";

const usual = v.parse(MasterConfig.entries.conversion, {});
const wishes = (rules: Partial<Rules>, changes: Partial<typeof usual> = {}) =>
  createWishes({ conversion: { ...usual, ...changes }, rules: { ...NO_RULES, ...rules } });

describe("path and size", () => {
  test.each<[string, Partial<Rules>, string, number, string | null]>([
    ["no rules", {}, "a.mkv", 0, null],
    ["excluded", { exclude: ["extras/**"] }, "Extras/a.mkv", 9, "excluded"],
    ["another folder", { exclude: ["extras/**"] }, "films/a.mkv", 9, null],
    ["included", { include: ["films", "series"] }, "films/a.mkv", 9, null],
    ["not included", { include: ["films", "series"] }, "music/a.mkv", 9, "excluded"],
    ["both", { include: ["films"], exclude: ["*.tmp.mkv"] }, "films/a.tmp.mkv", 9, "excluded"],
    ["too small", { skip_smaller_than: 10 }, "a.mkv", 9, "too_small"],
    ["large enough", { skip_smaller_than: 10 }, "a.mkv", 10, null],
  ])("%s", (_, rules, source_rel, size, reason) => {
    expect(wishes(rules).refuse({ source_rel, size })?.reason ?? null).toBe(reason as never);
  });

  test("the message names the pattern that fits", () => {
    const found = wishes({ exclude: ["x/**", "*.tmp.mkv"] }).refuse({ source_rel: "a.tmp.mkv", size: 1 });
    expect(found?.message).toBe("Left alone: rules.exclude has *.tmp.mkv.");
  });
});

describe("profiles", () => {
  const profiles: Rules["profiles"] = [
    { name: "phone", match: ["phone/**"], conversion: { quality: 28 } },
    { match: ["phone/old/**", "tapes/**"], conversion: { codec: "av1", bitrate: 5000 } },
    { match: ["tapes/**"], conversion: { quality: 10 } },
  ];
  test.each([
    ["films/a.mkv", null, { quality: 20, codec: "h264", bitrate: 9000 }],
    ["phone/old/a.mkv", "phone", { quality: 28, codec: "h264", bitrate: 9000 }],
    ["tapes/a.mkv", "phone/old/**, tapes/**", { quality: 20, codec: "av1", bitrate: 5000 }],
  ])("%s gets %p", (path, profile, conversion) => {
    const wish = wishes({ profiles }, { quality: 20, bitrate: 9000 }).of(path);
    expect(wish.profile).toBe(profile);
    expect(wish.conversion).toMatchObject(conversion);
  });
});

describe("the key of a wish", () => {
  const key = (rules: Partial<Rules>, changes: Partial<typeof usual> = {}) =>
    wishes(rules, changes).of("a").key;

  test("is another one for other settings and other rules of films", () => {
    const keys = [
      key({}),
      key({}, { quality: 22 }),
      key({ max_size_ratio: 0.9 }),
      key({ max_size_ratio: 1 }),
      key({ skip_shorter_than: 5 }),
      key({ skip_converted: true }),
      key({ profiles: [{ match: ["a"], conversion: { codec: "hevc" } }] }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("is another where the result takes the film's place, which workers are told", () => {
    const replacing = createWishes({ conversion: usual, rules: NO_RULES, replace: true }).of("a");
    expect(replacing.rules.replaces).toBe(true);
    expect(replacing.key).not.toBe(key({}));
  });

  test("stays for what does not concern the film, and for settings that this vc does not know yet", () => {
    const elsewhere = { match: ["b/**"], conversion: { codec: "hevc" as const } };
    expect(key({ exclude: ["x"], skip_smaller_than: 5, profiles: [elsewhere] })).toBe(key({}));
    expect(key({}, { preset: usual.preset })).toBe(key({}));
    const { hdr, ...older } = usual;
    expect(createWishes({ conversion: older as typeof usual, rules: NO_RULES }).of("a").key).toBe(key({}));
    expect(hdr).toBe("keep");
  });
});
