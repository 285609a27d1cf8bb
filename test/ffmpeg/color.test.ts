import { expect, test } from "bun:test";
import { asScaled, type Color, colorParams, colorTags, isHdr, tellable } from "../../src/ffmpeg/color.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { BT709, HLG, PQ } from "./hdr-records.ts";
import { temporaryFolder } from "./machine.ts";

const NOTHING = { primaries: null, transfer: null, matrix: null, range: null };

const rows: [string, Color, string, string][] = [
  ["nothing", NOTHING, "", ""],
  [
    "SDR",
    BT709,
    "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv",
    "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
  ],
  ["a curve of two names", { ...NOTHING, transfer: "bt470bg" }, "-color_trc gamma28", "color_trc=bt470bg"],
  [
    "names that only newer ones know",
    { primaries: "vgamut", transfer: "vlog", matrix: "ipt-c2", range: "tv" },
    "-color_range tv",
    "range=tv",
  ],
  ["the matrix of RGB", { ...NOTHING, matrix: "gbr" }, "", ""],
];
test.each(rows)("%s", (_name, color, options, filter) => {
  expect(colorTags(color).join(" ")).toBe(options);
  expect(colorParams(color)).toBe(filter);
});

test.each<[string | null, string[]]>([
  [null, ["setparams=colorspace=unknown"]],
  ["bt709", ["setparams=colorspace=bt709"]],
  ["bt2020nc", ["setparams=colorspace=bt2020nc"]],
  ["ictcp", ["setparams=colorspace=unknown"]],
  ["ycgco", ["setparams=colorspace=unknown"]],
  ["gbr", ["setparams=colorspace=unknown"]],
])("the scaler is told a matrix that it knows: %s", (matrix, expected) => {
  const color = { ...BT709, matrix };
  expect(asScaled({ color, chroma: "420" })).toEqual(expected);
  expect(asScaled({ color, chroma: "rgb" })).toEqual([]);
  expect(asScaled({ color: NOTHING, chroma: "420" })).toEqual([]);
});

testOr(noNewer, "pictures that say another matrix than their container pass the newer scalers", async () => {
  const { ffmpeg, env } = newer ?? { ffmpeg: "", env: {} };
  const labels = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"];
  const film = "color=red:s=64x64:d=0.2,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709";
  const odd = ["-bsf:v", "h264_metadata=matrix_coefficients=15"];
  const folder = await temporaryFolder();
  const made = (options: string[]) =>
    run({ cmd: [ffmpeg, "-v", "error", "-y", ...options], cwd: folder.path, env });
  const encoded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", ...labels, "plain.mkv"];
  expect(await made(["-f", "lavfi", "-i", film, ...encoded])).toMatchObject({ exit: 0 });
  expect(await made(["-i", "plain.mkv", "-c", "copy", ...odd, "odd.mkv"])).toMatchObject({ exit: 0 });
  const through = (chain: string[]) =>
    made(["-i", "odd.mkv", "-vf", [...chain, "scale=32:32,format=yuv420p"].join(","), "-f", "null", "-"]);
  expect(await through(asScaled({ color: BT709, chroma: "420" }))).toMatchObject({ exit: 0 });
  expect((await through([])).exit).not.toBe(0);
  await folder.remove();
});

test("HDR is known by its curve", () => {
  expect([PQ, HLG, BT709, NOTHING].map(({ transfer }) => isHdr(transfer))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(tellable(PQ)).toEqual(PQ);
});
