import { expect, test } from "bun:test";
import { describeMap, mapPath, partsBelow } from "../../../src/roles/worker/path-map.ts";

const nas = { master: "/mnt/storage", worker: "Z:\\storage" };
const films = { master: "/mnt/storage/videos/", worker: "/media/films" };
const windows = { master: "D:\\Media", worker: "/mnt/d" };
const share = { master: "\\\\nas\\films", worker: "\\\\other\\share\\" };

test.each<[string, Parameters<typeof mapPath>[0], string, string | null]>([
  ["a Windows worker", [nas], "/mnt/storage/converted/.vc", "Z:\\storage\\converted\\.vc"],
  ["the mapped folder itself", [nas], "/mnt/storage", "Z:\\storage"],
  ["slashes at the end", [nas], "/mnt/storage//a/", "Z:\\storage\\a"],
  ["the longest pair, given last", [nas, films], "/mnt/storage/videos/a/b.mkv", "/media/films/a/b.mkv"],
  ["the longest pair, given first", [films, nas], "/mnt/storage/videos/a/b.mkv", "/media/films/a/b.mkv"],
  ["beside the longest pair", [films, nas], "/mnt/storage/videos2/b.mkv", "Z:\\storage\\videos2\\b.mkv"],
  ["names that begin alike", [nas], "/mnt/storage2/a", null],
  ["above all pairs", [films], "/mnt/storage", null],
  ["case counts on a POSIX master", [films], "/mnt/storage/Videos/a", null],
  ["the root of everything", [{ master: "/", worker: "/net/nas" }], "/a/b", "/net/nas/a/b"],
  ["a Windows master, its case and slashes as they come", [windows], "d:/media\\A/b.mkv", "/mnt/d/A/b.mkv"],
  ["another drive", [windows], "E:\\Media\\a", null],
  ["a share of a Windows master", [share], "\\\\NAS\\films\\a.mkv", "\\\\other\\share\\a.mkv"],
  ["a whole drive", [{ master: "D:\\", worker: "E:\\" }], "D:\\a\\b", "E:\\a\\b"],
  ["a POSIX path for a Windows pair", [windows], "/D:/Media/a", null],
  ["a way up", [nas], "/mnt/storage/../../etc", null],
  ["a relative path", [nas], "mnt/storage/a", null],
  ["a backslash in a POSIX name, here", [films], "/mnt/storage/videos/a\\b", "/media/films/a\\b"],
  ["a backslash that would lead up on Windows", [nas], "/mnt/storage/..\\..\\a", null],
  ["a zero byte", [nas], "/mnt/storage/a\0", null],
  ["no pairs", [], "/mnt/storage", null],
])("maps paths: %s", (_, map, path, here) => expect(mapPath(map, path)?.path ?? null).toBe(here));

test("the folder of the map that a path lies in is told as it was written", () =>
  expect(mapPath([nas, films], "/mnt/storage/videos/a")).toEqual({
    path: "/media/films/a",
    folder: "/media/films",
  }));

test("the folders below a root are told for masters of either system", () => {
  expect(partsBelow("/mnt", "/mnt/a/b")).toEqual(["a", "b"]);
  expect(partsBelow("/mnt/", "/mnt")).toEqual([]);
  expect(partsBelow("C:\\", "c:\\a\\b")).toEqual(["a", "b"]);
  expect(partsBelow("/mnt", "/mnt2")).toBeNull();
});

test("a map is told in words", () =>
  expect(describeMap([nas, films])).toBe(
    "/mnt/storage is Z:\\storage, /mnt/storage/videos/ is /media/films",
  ));
