import { expect, test } from "bun:test";
import { guardOptions, readOptions, sourceUrl } from "../../src/ffmpeg/guard.ts";
import { canJoin, joinedFile, joinedSource } from "../../src/ffmpeg/joined.ts";

const PATH = "/films/it's a 'cat'.vob";
const PARTS = [
  { from: 0, to: 10, duration_s: 4.0053333 },
  { from: 10, to: 30, duration_s: 2 },
];
const joined = joinedSource({
  path: PATH,
  url: sourceUrl(PATH),
  format: "mpeg",
  tracks: ["0x1e0"],
  parts: PARTS,
});

test("a list names its file and parts", () => {
  const [, text = ""] = joined.split(",");
  expect(Buffer.from(text, "base64").toString()).toBe(
    [
      "ffconcat version 1.0",
      `# {"path":"${PATH}","format":"mpeg"}`,
      "stream",
      "exact_stream_id 0x1e0",
      "file 'subfile,,start,0,end,10,,:file:/films/it'\\''s a '\\''cat'\\''.vob'",
      "duration 4.005333",
      "file 'subfile,,start,10,end,30,,:file:/films/it'\\''s a '\\''cat'\\''.vob'",
      "duration 2.000000\n",
    ].join("\n"),
  );
  expect(joinedFile(joined)).toEqual({ path: PATH, format: "mpeg" });
});

test.each(["/films/a.vob", "a.vob", "http://127.0.0.1:1/0123456789abcdef0/film"])("%s is no list", (path) => {
  expect(joinedFile(path)).toBeNull();
  expect(guardOptions(path).join(" ")).not.toContain("concat");
  expect(readOptions(path)).toEqual(guardOptions(path));
});

test("of a list nothing is opened but its file", () => {
  expect(guardOptions(joined).join(" ")).toStartWith(
    "-protocol_whitelist data,subfile,file -format_whitelist concat,mpeg,mpegts -f concat",
  );
  expect(sourceUrl(joined)).toBe(joined);
});

test("a name of two lines cannot stand in a list", () => {
  expect([canJoin(PATH), canJoin("/films/a\nb.vob")]).toEqual([true, false]);
});
