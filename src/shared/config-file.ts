import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import type { MasterConfig } from "./config.ts";
import { crossCheck } from "./config-check.ts";
import { type ConfigKey, listKeys, type Role, SCHEMAS } from "./config-keys.ts";
import { otherRole, unknownKey, unknownVariables, wrongValue } from "./config-problems.ts";
import { PROFILES, profileProblems } from "./config-profiles.ts";
import { remarks } from "./config-remarks.ts";
import type { WorkerConfig } from "./config-worker.ts";
import { type Entry, type Position, type Problem, readYaml } from "./config-yaml.ts";
import { fileTrouble, messageOf, systemCode, VcError } from "./errors.ts";
import { printable } from "./printable.ts";
import { readTokenFile } from "./token.ts";

/**
 * Where values come from. Flags (by key path, such as `worker.concurrency`) beat the environment (the variables
 * of `ConfigKey.env`), which beats the file. `path: null` reads ./config.yaml where there is one, unless
 * `implicit` is false.
 */
export type ConfigSources = {
  path: string | null;
  implicit?: false;
  flags: Record<string, string | undefined>;
  env: Record<string, string | undefined>;
  /** The file is checked for another machine, perhaps: a token file that cannot be read here is only noted. */
  elsewhere?: boolean;
};

/** `given` are the key paths that were set by anything, `file` the one that was read, `notes` for people. */
export type Loaded<C> = { config: C; given: string[]; file: string | null; notes: string[] };

/** What is wrong with a configuration, each thing with its place in the file where it has one. */
export class ConfigError extends VcError {
  readonly problems: Problem[];

  constructor(message: string, problems: Problem[]) {
    super("config", message);
    this.problems = problems;
  }
}

/** Absolute paths, durations in ms, the token read. Throws ConfigError, or VcError("config") for a file that cannot be read. */
export function loadMasterConfig(sources: ConfigSources): MasterConfig {
  return loadConfig("master", sources).config;
}

export function loadWorkerConfig(sources: ConfigSources): WorkerConfig {
  return loadConfig("worker", sources).config;
}

export function loadConfig(role: "master", sources: ConfigSources): Loaded<MasterConfig>;
export function loadConfig(role: "worker", sources: ConfigSources): Loaded<WorkerConfig>;
export function loadConfig(role: Role, sources: ConfigSources): Loaded<MasterConfig | WorkerConfig> {
  const file = fileToRead(role, sources);
  const read = file === null ? { entries: [], inner: [], problems: [] } : readYaml(readText(file));
  const mixedUp = otherRole(role, read.entries);
  if (file !== null && mixedUp !== null) fail(file, [{ at: null, text: mixedUp }]);

  if (read.problems.some((problem) => problem.syntax)) fail(file, named(read));
  const { given, problems } = gather(role, sources, file, read.entries);
  inferOutputs(given);
  const parsed = v.safeParse(SCHEMAS[role], treeOf(given));
  const wrong = parsed.success ? [] : wrongKeys(role, parsed.issues, given, read);
  const all = [...named(read), ...problems, ...wrong];
  const crossed = crossProblems(role, {
    ...{ given, file, issues: parsed.success ? [] : parsed.issues },
    alone: all.length === 0,
  });
  if (!parsed.success || all.length + crossed.length > 0) fail(file, [...all, ...crossed]);

  const config = withPlaces(role, parsed.output, given, file);
  const notes = remarks(config);
  const note = sources.elsewhere === true ? (text: string) => void notes.push(text) : null;
  return { config: withToken(config, { given, file, note }), given: [...given.keys()], file, notes };
}

/** An implicit ./config.yaml that belongs to the other role beside this one does not stop a worker that needs none. */
function fileToRead(role: Role, { path, implicit, flags, env }: ConfigSources): string | null {
  if (path !== null) return path;
  if (implicit === false || !existsSync("config.yaml")) return null;
  const master_url = flags["worker.master_url"] ?? env.VC_MASTER_URL ?? env.VC_WORKER_MASTER_URL;
  const spare = role === "worker" && master_url !== undefined;
  return spare && otherRole(role, readYaml(readText("config.yaml")).entries) !== null ? null : "config.yaml";
}

/** Throws VcError("config"). */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new VcError("config", `cannot read the configuration file ${path}: ${fileTrouble(cause)}`, {
      cause,
    });
  }
}

/** A value with its source: `where` for people, `folder` for relative paths, `rank` for who beats whom. */
type Given = { value: unknown; where: string | null; at: Position | null; folder: string; rank: number };

function gather(role: Role, sources: ConfigSources, file: string | null, entries: Entry[]) {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const folder = file === null ? process.cwd() : dirname(resolve(file));
  const keys = new Map(listKeys(role).map((key) => [key.path, key]));
  for (const { path, value, at, value_at } of entries) {
    if (keys.has(path)) given.set(path, { value, where: null, at: value_at, folder, rank: 1 });
    const text = unknownKey(role, path, value);
    if (text !== null) problems.push({ at, text: `${path}: ${text}` });
  }
  problems.push(...unknownVariables(sources.env).map((text) => ({ at: null, text })));
  const typed = { where: null, at: null, folder: process.cwd() };
  for (const key of keys.values()) {
    for (const name of key.env.toReversed()) {
      const text = sources.env[name] ?? "";
      if (text !== "") given.set(key.path, { ...typed, value: fromText(key, text), where: name, rank: 2 });
    }
    const text = sources.flags[key.path];
    if (text !== undefined) {
      given.set(key.path, { ...typed, value: fromText(key, text), where: "command line", rank: 3 });
    }
  }
  return { given, problems };
}

/** With storage.replace, results go where the films are. */
function inferOutputs(given: Map<string, Given>): void {
  const root = given.get("scanner.root_path");
  if (given.get("storage.replace")?.value !== true || root === undefined) return;
  if (!given.has("scanner.output_base")) given.set("scanner.output_base", root);
}

/** The first reading of a flag or variable that the key accepts: text, number, true or false, or a list. */
function fromText(key: ConfigKey, text: string): unknown {
  const readings = [text, Number(text), { true: true, false: false }[text], text.split(/[\s,]+/)];
  return readings.find((reading) => reading !== undefined && v.is(key.schema, reading)) ?? text;
}

function treeOf(given: Map<string, Given>): Record<string, Record<string, unknown>> {
  const tree: Record<string, Record<string, unknown>> = {};
  for (const [path, { value }] of given) {
    const [section = "", name = ""] = path.split(".");
    tree[section] = { ...tree[section], [name]: value };
  }
  return tree;
}

/**
 * What no single key can say. Of a file with wrong values, what the others say of each other is told all the same: a
 * person corrects everything at once.
 */
function crossProblems(
  role: Role,
  of: { given: Map<string, Given>; file: string | null; issues: v.BaseIssue<unknown>[]; alone: boolean },
): Problem[] {
  const { given, file, issues } = of;
  const wrong = pathsOf(issues);
  const right = new Map([...given].filter(([path]) => !wrong.has(path)));
  const parsed = v.safeParse(SCHEMAS[role], treeOf(right));
  if (!parsed.success) return [];
  const config = withPlaces(role, parsed.output, right, file);
  return (
    crossCheck(config, (path) => right.get(path)?.rank ?? 0)
      // Findings name the keys that they are about, and nothing can be said of a wrong one.
      .filter(({ path, text }) => ![...wrong].some((one) => `${path} ${text}`.includes(one)))
      // What is missing may be the very key that is misspelt.
      .filter(({ path }) => of.alone || right.has(path))
      .map(({ path, text }) => problemAt(right.get(path), path, text))
  );
}

function pathsOf(issues: v.BaseIssue<unknown>[]): Set<string> {
  return new Set(issues.map(({ path = [] }) => `${path[0]?.key}.${path[1]?.key}`));
}

function wrongKeys(
  role: Role,
  issues: v.BaseIssue<unknown>[],
  given: Map<string, Given>,
  { entries, inner }: Pick<ReturnType<typeof readYaml>, "entries" | "inner">,
): Problem[] {
  const paths = pathsOf(issues);
  return listKeys(role)
    .filter((key) => paths.has(key.path))
    .flatMap((key) => {
      const source = given.get(key.path);
      if (key.path === PROFILES && Array.isArray(source?.value)) return profileProblems(issues, inner);
      if (source !== undefined) return problemAt(source, key.path, wrongValue(key, source.value));
      const section = entries.find((entry) => entry.path === key.path.split(".")[0]);
      return { at: section?.at ?? null, text: `${key.path}: is missing; allowed: ${key.allowed}` };
    });
}

function problemAt(source: Given | undefined, path: string, text: string): Problem {
  const where = source?.where ?? null;
  return { at: source?.at ?? null, text: `${where === null ? "" : `${where}: `}${path}: ${text}` };
}

/** Problems of the text itself, with the key that stands at their place. */
function named({ entries, problems }: ReturnType<typeof readYaml>): Problem[] {
  return problems.map(({ at, text }) => {
    const entry = entries.find((one) => one.at.line === at?.line && one.at.column === at.column);
    return { at, text: entry === undefined ? text : `${entry.path}: ${text}` };
  });
}

function withPlaces<C extends MasterConfig | WorkerConfig>(
  role: Role,
  config: C,
  given: Map<string, Given>,
  file: string | null,
): C {
  const home = file === null ? process.cwd() : dirname(resolve(file));
  const placed: Record<string, Record<string, unknown>> = structuredClone(config);
  for (const key of listKeys(role).filter(({ kind }) => kind !== "value")) {
    const [section = "", name = ""] = key.path.split(".");
    const value = placed[section]?.[name];
    if (typeof value !== "string" || (key.kind === "program" && !/[\\/]/.test(value))) continue;
    placed[section] = { ...placed[section], [name]: resolve(given.get(key.path)?.folder ?? home, value) };
  }
  return placed as C;
}

/** Of token and token_file the one from the stronger source counts; the file's content becomes the token. */
function withToken<C extends MasterConfig | WorkerConfig>(
  config: C,
  of: { given: Map<string, Given>; file: string | null; note: ((text: string) => void) | null },
): C {
  const { given, file, note } = of;
  if (!("worker" in config) || config.worker.token_file === null) return config;
  const source = given.get("worker.token_file");
  if ((given.get("worker.token")?.rank ?? 0) > (source?.rank ?? 0)) return config;
  try {
    return { ...config, worker: { ...config.worker, token: readTokenFile(config.worker.token_file) } };
  } catch (error) {
    const absent = error instanceof VcError && systemCode(error.cause) !== undefined;
    if (note === null || !absent)
      return fail(file, [problemAt(source, "worker.token_file", messageOf(error))]);
    note(`worker.token_file: ${messageOf(error)}; a worker would not start here`);
    return config;
  }
}

function fail(file: string | null, problems: Problem[]): never {
  const order = (at: Position | null) => (at === null ? Number.MAX_SAFE_INTEGER : at.line * 1e5 + at.column);
  const sorted = problems.toSorted((a, b) => order(a.at) - order(b.at));
  const lines = sorted.map(({ at, text }) => {
    const place = at === null || file === null ? "" : `${file}:${at.line}:${at.column}: `;
    return `  ${printable(`${place}${text}`)}`;
  });
  const subject = file === null ? "the configuration" : `the configuration file ${file}`;
  throw new ConfigError(`${subject} cannot be used:\n${[...new Set(lines)].join("\n")}`, sorted);
}
