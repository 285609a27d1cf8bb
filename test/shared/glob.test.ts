import { describe, expect, test } from "bun:test";
import { compileGlobs, globTrouble } from "../../src/shared/glob.ts";

describe("patterns", () => {
  test.each<[string, string[], string[]]>([
    [
      "phone/**",
      ["phone/a.mp4", "phone/2024/a.mp4", "Phone/A.MP4"],
      ["phone", "my/phone/a.mp4", "phones/a.mp4"],
    ],
    ["phone/*", ["phone/a.mp4"], ["phone/2024/a.mp4", "phone"]],
    ["phone", ["phone", "phone/a.mp4", "x/phone/b/a.mp4"], ["phone.mp4", "phones/a.mp4"]],
    ["phone/", ["phone/a.mp4", "x/phone/a.mp4"], ["phone.mp4"]],
    ["a/b", ["a/b", "a/b/c.mkv"], ["x/a/b", "a/bc"]],
    ["*.sample.mkv", ["x.sample.mkv", "a/b/X.Sample.MKV"], ["x.sample.mkv.mp4", "sample.mkv"]],
    ["**/extras/**", ["extras/a.mkv", "a/b/extras/c/d.mkv"], ["extras", "extrasx/a.mkv"]],
    ["**/**/a.mkv", ["a.mkv", "x/y/a.mkv"], ["xa.mkv"]],
    ["s0?/e[0-9][0-9].mkv", ["s01/e07.mkv"], ["s1/e07.mkv", "s01/ex7.mkv", "s01/x/e07.mkv"]],
    ["[!a-c]*.mkv", ["d.mkv", "x/d.mkv"], ["a.mkv", "B.mkv"]],
    ["{movies,series/old}/**", ["movies/a.mkv", "series/old/a.mkv"], ["series/a.mkv"]],
    ["a{,b{c,d}}.mkv", ["a.mkv", "abc.mkv", "abd.mkv"], ["ab.mkv"]],
    ["*", ["a.mkv", "x/y/a.mkv"], []],
    ["**", ["a.mkv", "x/y/a.mkv"], []],
    ["a+b (1)/[x]$^|.mkv", ["a+b (1)/x$^|.mkv"], ["aab (1)/x$^|.mkv", "a+b (1)/y$^|.mkv"]],
    ["[]]-[a-].mkv", ["]-a.mkv", "]--.mkv"], ["a-a.mkv"]],
    ["été/*", ["e\u0301te\u0301/a.mkv", "ÉTÉ/a.mkv"], ["ete/a.mkv"]],
    ["a\nb/*", ["a\nb/c\nd.mkv"], ["a b/c"]],
    ["?.mkv", ["😀.mkv"], ["ab.mkv"]],
  ])("%p", (pattern, fitting, others) => {
    const globs = compileGlobs([pattern]);
    expect(fitting.filter((path) => globs.find(path) !== pattern)).toEqual([]);
    expect(others.filter((path) => globs.find(path) !== null)).toEqual([]);
  });

  test("of several the first that fits is told, as it was written", () => {
    const globs = compileGlobs(["x/**", "A*", "*.mkv"]);
    expect(globs.find("y/ab.mkv")).toBe("A*");
    expect(globs.find("y/b.mkv")).toBe("*.mkv");
    expect(globs.find("y/b.mp4")).toBeNull();
    expect(compileGlobs([]).find("a")).toBeNull();
  });
});

describe("what is no pattern", () => {
  test.each([
    ["", "is empty"],
    ["phone\\*", "backslash"],
    ["/mnt/films/**", "scanner.root_path"],
    ["!a", "rules.include"],
    ["a{b", "{ without its }"],
    ["a}b", "{ without its }"],
    ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "too many"],
    ["a//b", "two /"],
    ["../a", ". or .."],
    ["a[b", "[ without its ]"],
  ])("%p", (pattern, words) => {
    expect(globTrouble(pattern)).toContain(words);
    expect(() => compileGlobs([pattern])).toThrow();
  });

  test("a pattern that others would search for years ends at once", () => {
    const globs = compileGlobs([`${"**/a*".repeat(1)}/${"**/".repeat(30)}b`]);
    expect(globs.find(`${"a/".repeat(60)}c`)).toBeNull();
  });
});
