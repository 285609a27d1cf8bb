import { expect, test } from "bun:test";
import { levelName, operationNames, VIDEO_PROFILES } from "../../src/vulkan/profiles.ts";

test("every codec is asked about in both bit depths, with its own extension, numbers and structures", () => {
  const rows = VIDEO_PROFILES.map(({ extension, operation, bit_depth, number, profile, capabilities }) =>
    [extension, operation, bit_depth, number.value, profile.name, capabilities.name].join(" "),
  );
  const of = (extension: string, operation: number, name: string, numbers: [number, number]) =>
    [8, 10].map((depth, index) =>
      [
        `VK_KHR_video_${extension}`,
        operation,
        depth,
        numbers[index],
        `VkVideo${name}ProfileInfoKHR`,
        `VkVideo${name}CapabilitiesKHR`,
      ].join(" "),
    );
  expect(rows).toEqual([
    ...of("decode_h264", 0x1, "DecodeH264", [100, 110]),
    ...of("decode_h265", 0x2, "DecodeH265", [1, 2]),
    ...of("decode_av1", 0x4, "DecodeAV1", [0, 0]),
    ...of("decode_vp9", 0x8, "DecodeVP9", [0, 2]),
    ...of("encode_h264", 0x10000, "EncodeH264", [100, 110]),
    ...of("encode_h265", 0x20000, "EncodeH265", [1, 2]),
    ...of("encode_av1", 0x40000, "EncodeAV1", [0, 0]),
  ]);
});

test("the member that holds the profile's number exists", () => {
  for (const { profile, number } of VIDEO_PROFILES) expect(profile.members[number.member]?.kind).toBe("u32");
});

test.each([
  [0, []],
  [0x3, ["decode h264", "decode hevc"]],
  [0x70000, ["encode h264", "encode hevc", "encode av1"]],
  [0xc, ["decode av1", "decode vp9"]],
  [0x80, []],
])("the codec operations %i", (bits, names) => {
  expect(operationNames(bits)).toEqual(names);
});

test.each([
  ["h264", 0, "1"],
  ["h264", 15, "5.2"],
  ["h264", 18, "6.2"],
  ["h264", 19, null],
  ["hevc", 8, "5.1"],
  ["hevc", 12, "6.2"],
  ["hevc", 13, null],
  ["av1", 0, "2.0"],
  ["av1", 12, "5.0"],
  ["av1", 23, "7.3"],
  ["vp9", 7, "4.1"],
  ["vp9", 13, "6.2"],
  ["vp9", 0x7fffffff, null],
] as const)("the level %s %i", (codec, number, name) => {
  expect(levelName(codec, number)).toBe(name);
});
