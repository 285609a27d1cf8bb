import { describe, expect, test } from "bun:test";
import { planTags } from "../../src/ffmpeg/plan-tags.ts";
import type { Container } from "../../src/shared/conversion.ts";

const plan = (tags: Record<string, string>, container: Container = "mp4") => planTags({ tags }, container);

describe("what is kept", () => {
  const rows: [string, Container, Record<string, string>, string[]][] = [
    ["what mp4 has names for", "mp4", { title: "A", DATE: "2001" }, ["title", "date"]],
    ["anything in Matroska", "mkv", { title: "A", INVENTORY: "7" }, ["title", "inventory"]],
    ["nothing empty", "mkv", { title: " ", artist: "B" }, ["artist"]],
    ["a time code, which becomes a track in mp4", "mp4", { timecode: "01:00:00:00" }, []],
    ["no word of a muxer", "mkv", { major_brand: "qt", ENCODER: "x", "location-eng": "+1+2/" }, []],
    ["no statistics", "mkv", { "BPS-eng": "1", _STATISTICS_TAGS: "BPS", DURATION: "00:00:01" }, []],
  ];
  test.each(rows)("%s (%s)", (_name, container, tags, names) => {
    expect(Object.keys(plan(tags, container).tags.kept)).toEqual(names);
    expect(plan(tags, container).notes).toEqual([]);
  });

  test("what mp4 has no name for is named", () => {
    const { tags, notes } = plan({ title: "A", INVENTORY: "7", shelf: "2" });
    expect(tags.kept).toEqual({ title: "A" });
    expect(notes).toEqual(["mp4 has no place for what the film says as inventory, shelf."]);
  });

  test("the tool that wrote a film is no loss", () => {
    const tags = { software: "VirtualDub", ISFT: "Lavf59", encoder_settings: "fast" };
    expect(plan(tags).notes).toEqual([]);
    expect(plan({ ...tags, INVENTORY: "7" }).notes).toEqual([
      "mp4 has no place for what the film says as inventory.",
    ]);
    expect(Object.keys(plan(tags, "mkv").tags.kept)).toEqual(["software", "isft", "encoder_settings"]);
  });

  test("names without end are not all listed", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`name${n}`, "x"]));
    expect(plan(many).notes[0]).toEndWith("name10, name11, ....");
  });
});

describe("a phone's film", () => {
  const phone = {
    major_brand: "qt  ",
    creation_time: "2021-05-06T05:08:09.000000Z",
    "com.apple.quicktime.location.ISO6709": "+48.2082+016.3738/",
    "com.apple.quicktime.creationdate": "2021-05-06T07:08:09+0200",
    "com.apple.quicktime.make": "Apple",
  };

  test("says in mp4 what it says by Apple's names, and place and date by everybody's", () => {
    const { tags, notes } = plan(phone);
    expect(tags.any_name).toBe(true);
    expect(tags.fixed).toEqual({ location: "+48.2082+016.3738/", date: "2021-05-06T07:08:09+0200" });
    expect(Object.keys(tags.kept).sort()).toEqual([
      "com.apple.quicktime.creationdate",
      "com.apple.quicktime.location.iso6709",
      "com.apple.quicktime.make",
      "creation_time",
      "date",
      "location",
    ]);
    expect(notes).toEqual([]);
  });

  test("that was given a title gets that of players, and names what is lost", () => {
    const { tags, notes } = plan({ ...phone, title: "Birthday" });
    expect(tags.any_name).toBe(false);
    expect(tags.kept).toMatchObject({ title: "Birthday", location: "+48.2082+016.3738/" });
    expect(notes).toEqual(["mp4 has no place for what the film says as com.apple.quicktime.make."]);
  });

  test("needs nothing of this in Matroska", () => {
    expect(plan(phone, "mkv").tags).toMatchObject({ any_name: false, fixed: {} });
  });
});

test("a time of creation that a demuxer found twice is one time", () => {
  const twice = "2021-05-06T05:08:09.000000Z;2021-05-06T05:08:09Z";
  expect(plan({ creation_time: twice }).tags.fixed).toEqual({ creation_time: "2021-05-06T05:08:09.000000Z" });
});
