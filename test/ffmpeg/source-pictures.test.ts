import { expect, test } from "bun:test";
import { createCount } from "../../src/ffmpeg/source-pictures.ts";

/** `K` is a keyframe, `.` another picture, `!` one with a complaint, `?` one with a message that means nothing. */
function count(film: string, forgotten = 0) {
  const counted = createCount();
  for (const picture of film) {
    const key = picture === "K" ? 1 : 0;
    const message = { "!": "error while decoding MB 0 4", "?": "mmco: unref short failure" }[picture];
    const log = message === undefined ? "" : `|log|message=[h264 @ 0x56] ${message}`;
    counted.read(`frame|key_frame=${key}|${log}`);
    if (log !== "") counted.read("log|message=[h264 @ 0x56] left block unavailable");
  }
  return counted.result([...film].filter((picture) => picture === "!").length + forgotten);
}

const GOP = `K${".".repeat(24)}`;

test.each([
  ["whole", GOP.repeat(3), 0],
  ["messages that mean nothing", `${GOP}K..?..?`, 0],
  ["the last picture", `${GOP}K.!`, 1],
  ["up to the next keyframe", `${GOP}K!${".".repeat(23)}${GOP}`, 24],
  ["up to the one after the next where that is near", `${GOP}K${".".repeat(20)}!...${GOP}${GOP}`, 4 + 25],
  ["complaints in a row count once", `${GOP}K!!!!${".".repeat(21)}${GOP}`, 25],
  ["films of keyframes heal at once", "KKK!KKKKK", 2],
  ["a recording that was cut in", `..!!..!${GOP}`, 0],
  ["a picture renewed bit by bit", `K!${".".repeat(1000)}`, 302],
])("%s", (_name, film, broken) => {
  expect(count(film)).toEqual({ pictures: film.length, broken });
});

test("complaints without a place cost the pictures between two keyframes", () => {
  expect(count(GOP.repeat(4), 1)).toEqual({ pictures: 100, broken: 25 });
  expect(count("....", 1)).toEqual({ pictures: 4, broken: 0 });
});
