import { expect, test } from "bun:test";
import { threeLetters } from "../../src/shared/languages.ts";

const rows: [string, string | null][] = [
  ["ger", "ger"],
  ["de", "deu"],
  ["EN", "eng"],
  ["pt-BR", "por"],
  ["zh_Hant", "zho"],
  ["aa", "aar"],
  ["zu", "zul"],
  ["mis", "mis"],
  ["klingon", null],
  ["xx", null],
  ["", null],
];
test.each(rows)("%p is %p to mp4", (language, code) => {
  expect(threeLetters(language)).toBe(code);
});
