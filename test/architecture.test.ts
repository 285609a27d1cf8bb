import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as rules from "./support/rules.ts";
import { commentsOf, ROOT, readSources, type Source } from "./support/sources.ts";

const code = readSources(/\.(ts|mjs)$/);
const source = code.filter(({ path }) => !path.startsWith("test/"));
const tests = code.filter(({ path }) => path.startsWith("test/"));
const papers = readSources(/\.md$/);

test("parts import along the arrows, and each package in its home only", () => {
  expect(source.flatMap(rules.wrongImports)).toEqual([]);
});

test("pure files touch no clock, chance, process, file or network", () => {
  expect(source.flatMap((file) => rules.impurities(file, source))).toEqual([]);
});

test("no source file is longer than 300 lines", () => {
  expect(source.flatMap(rules.tooLong)).toEqual([]);
});

test("imports of our own files name the extension", () => {
  expect(code.flatMap(rules.importsWithoutExtension)).toEqual([]);
});

test("nothing unfinished or commented out is left", () => {
  expect(code.flatMap(rules.leftovers)).toEqual([]);
});

test("tests mock none of our modules, and leave nothing out in silence", () => {
  expect(tests.flatMap(rules.wrongTests)).toEqual([]);
});

test("every test lies where its subject lies", () => {
  const lost = tests.filter(({ path }) => {
    const subject = rules.subjectOf(path);
    return subject !== null && !existsSync(join(ROOT, subject));
  });
  expect(lost.map(({ path }) => path)).toEqual([]);
});

test("the repository speaks to users of vc only", () => {
  const everything = readSources(
    /^(?!package-lock\.json$|test\/architecture\.test\.ts$).*(?<!\.(png|mp4|mkv))$/,
  );
  const workplace =
    /\/work\/|\b(DESIGN|STYLE|FACTS|BUN)\.md\b|\bissue #?\d|seed-architecture|\bengineer [A-Z]\b/;
  const found = everything.filter(({ text }) => workplace.test(text));
  expect(found.map(({ path, text }) => `${path}: ${workplace.exec(text)?.[0]}`)).toEqual([]);
});

test("the lock file names no registry", () => {
  const lock = readSources(/^package-lock\.json$/)[0]?.text ?? "";
  expect(lock).toContain('"lockfileVersion"');
  expect(lock).not.toContain('"resolved"');
});

describe("papers", () => {
  test.each([
    ["ARCHITECTURE.md", 150],
    ["CONTRIBUTING.md", 80],
  ])("%s has at most %i lines", (path, most) => {
    const lines = papers
      .find((paper) => paper.path === path)
      ?.text.trimEnd()
      .split("\n").length;
    expect(lines).toBeGreaterThan(10);
    expect(lines).toBeLessThanOrEqual(most);
  });

  test("links lead somewhere", () => {
    expect(papers.flatMap(deadLinks)).toEqual([]);
  });

  test("npm commands exist", async () => {
    const { scripts } = (await Bun.file(join(ROOT, "package.json")).json()) as { scripts: object };
    const named = papers.flatMap(({ text }) =>
      [...text.matchAll(/\b(?:npm|bun) run ([\w:]+)/g)].map(([, name]) => name),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => name !== undefined && !(name in scripts))).toEqual([]);
  });
});

function deadLinks({ path, text }: Source): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, link]) => link ?? "")
    .filter((link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(path), link)))
    .map((link) => `${path}: ${link}`);
}

describe("the rules see what they are for", () => {
  const impurities = (file: Source) =>
    rules.impurities(file, [
      { path: "src/ffmpeg/process.ts", text: 'import { spawn } from "node:child_process";' },
      { path: "src/ffmpeg/middle.ts", text: 'import { run } from "./process.ts";' },
    ]);
  test.each<[string, (source: Source) => string[], string, string, number]>([
    [
      "a role in the database",
      rules.wrongImports,
      "src/db/store.ts",
      'import { x } from "../roles/master/http.ts";',
      1,
    ],
    [
      "a type over a wall",
      rules.wrongImports,
      "src/ffmpeg/plan.ts",
      'import type { D } from "../vulkan/devices.ts";',
      1,
    ],
    [
      "a lazy import over a wall",
      rules.wrongImports,
      "src/shared/log.ts",
      'await import("../db/store.ts")',
      1,
    ],
    ["a re-export", rules.wrongImports, "src/shared/log.ts", 'export * from "../db/store.ts";', 1],
    [
      "an import of many lines",
      rules.wrongImports,
      "src/db/a.ts",
      'import {\n  a,\n  b,\n} from "../ffmpeg/plan.ts";',
      1,
    ],
    [
      "the other role",
      rules.wrongImports,
      "src/roles/worker/agent.ts",
      'import { x } from "../master/index.ts";',
      1,
    ],
    [
      "a package far from home",
      rules.wrongImports,
      "src/db/store.ts",
      'import { Hono } from "hono/tiny";',
      1,
    ],
    ["an unknown package", rules.wrongImports, "src/db/store.ts", 'import x from "lodash";', 1],
    ["a file in no part", rules.wrongImports, "src/utils/x.ts", "", 1],
    ["a good import", rules.wrongImports, "src/db/store.ts", 'import { x } from "../shared/job.ts";', 0],
    ["an import in a comment", rules.wrongImports, "src/db/store.ts", '// import { x } from "hono";', 0],
    ["a clock", impurities, "src/ffmpeg/plan.ts", "const now = Date.now();", 1],
    ["a clock in an impure file", impurities, "src/ffmpeg/trial.ts", "const now = Date.now();", 0],
    ["a word in a string", impurities, "src/ffmpeg/plan.ts", 'const text = "process.exit";', 0],
    ["a file", impurities, "src/roles/master/retry.ts", 'import { readFileSync } from "node:fs";', 1],
    ["an impure file of ours", impurities, "src/ffmpeg/args.ts", 'import { run } from "./process.ts";', 1],
    ["its types", impurities, "src/ffmpeg/args.ts", 'import type { Run } from "./process.ts";', 0],
    [
      "an impure file at second hand",
      impurities,
      "src/ffmpeg/args.ts",
      'import { a } from "./middle.ts";',
      1,
    ],
    ["301 lines", rules.tooLong, "src/a.ts", "x\n".repeat(301), 1],
    ["300 lines", rules.tooLong, "src/a.ts", "x\n".repeat(300), 0],
    ["no extension", rules.importsWithoutExtension, "src/db/a.ts", 'import { x } from "./b";', 1],
    ["something to do", rules.leftovers, "src/a.ts", `// ${"TO"}DO: later`, 1],
    ["commented-out code", rules.leftovers, "src/a.ts", "// const a = 1;", 1],
    ["prose", rules.leftovers, "src/a.ts", "// A film is whole or it is not there; see above.", 0],
    ["an address", rules.leftovers, "src/a.ts", 'const a = "http://x"; // why', 0],
    ["a mock", rules.wrongTests, "test/a.test.ts", `mock.${"module"}("./x.ts", () => ({}));`, 1],
    ["one test only", rules.wrongTests, "test/a.test.ts", `test.${"only"}("x", () => {});`, 1],
    ["a silent skip", rules.wrongTests, "test/a.test.ts", `test.${"skip"}("x", () => {});`, 1],
  ])("%s", (_, rule, path, text, count) => {
    expect(rule({ path, text })).toHaveLength(count);
  });

  test("comments are told from strings", () => {
    const text = 'const a = "// no"; // yes\nconst b = `/* no */`;\n/* also\nyes */';
    expect(commentsOf(text)).toEqual([
      { line: 1, text: "// yes" },
      { line: 3, text: "/* also\nyes */" },
    ]);
  });

  test.each([
    ["test/ffmpeg/plan.test.ts", "src/ffmpeg/plan.ts"],
    ["test/scripts/test-report.test.ts", "scripts/test-report.ts"],
    ["test/e2e/library.test.ts", null],
  ])("%s tests %p", (path, subject) => {
    expect(rules.subjectOf(path)).toBe(subject);
  });
});
