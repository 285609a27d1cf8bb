import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export type Source = { path: string; text: string };
export type Import = { specifier: string; typeOnly: boolean };

export const ROOT = join(import.meta.dir, "../..");

const LIST_FILES = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];

/** Every file that git tracks or would track, as text, by its path from the repository's root. */
export function readSources(pattern: RegExp): Source[] {
  const git = Bun.which("git");
  const listed = git === null ? null : Bun.spawnSync({ cmd: [git, ...LIST_FILES], cwd: ROOT });
  // A downloaded archive has no git: there the tree itself has to do.
  const paths =
    listed?.exitCode === 0
      ? listed.stdout.toString().split("\0")
      : ["*", "{src,test,scripts,bench,docs,deploy}/**/*"].flatMap((glob) => [
          ...new Bun.Glob(glob).scanSync(ROOT),
        ]);
  return paths
    .filter((path) => pattern.test(path))
    .flatMap((path) => {
      const text = readText(join(ROOT, path));
      return text === null ? [] : [{ path, text }];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Deleted but still in git's index.
    return null;
  }
}

/** The code with comments blanked out, and with `strings: false` also what stands in quotes. Keeps every newline. */
export function codeOf(text: string, { strings = true } = {}): string {
  const token =
    /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(token, (match) =>
    match.startsWith("/") || !strings ? match.replace(/[^\n]/g, " ") : match,
  );
}

/** The comments alone, each with the number of its first line. */
export function commentsOf(text: string): { line: number; text: string }[] {
  const token =
    /(\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return [...text.matchAll(token)].flatMap((match) =>
    match[1] === undefined ? [] : [{ line: text.slice(0, match.index).split("\n").length, text: match[1] }],
  );
}

/** What a file imports, statically or not, types included; specifiers of our own files as paths from the root. */
export function importsOf(source: Source): Import[] {
  const code = codeOf(source.text);
  const statics = code.matchAll(
    /^[ \t]*(?:import|export)\s+(type\s)?(?:[\w*{][^"';]*?\sfrom\s*)?["']([^"']+)["']/gm,
  );
  const dynamics = code.matchAll(/\b(?:import|require)\s*\(\s*["']([^"']+)["']/g);
  return [
    ...[...statics].map((match) => ({ specifier: match[2] ?? "", typeOnly: match[1] !== undefined })),
    ...[...dynamics].map((match) => ({ specifier: match[1] ?? "", typeOnly: false })),
  ].map((found) => ({ ...found, specifier: fromRoot(source.path, found.specifier) }));
}

function fromRoot(path: string, specifier: string): string {
  return specifier.startsWith(".")
    ? normalize(join(dirname(path), specifier)).replaceAll("\\", "/")
    : specifier;
}
