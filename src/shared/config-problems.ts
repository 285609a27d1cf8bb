import { type ConfigKey, listKeys, type Role, sectionsOf } from "./config-keys.ts";
import { splitPatterns } from "./config-values.ts";
import type { Entry } from "./config-yaml.ts";
import { found } from "./found.ts";
import { globTrouble } from "./glob.ts";
import { nearest } from "./nearest.ts";
import { printable } from "./printable.ts";

/** The sentences about a configuration that is wrong. */

/** What is wrong with a key of a file, known or not; null when nothing is. `path` is such as `server.port`. */
export function unknownKey(role: Role, path: string, value: unknown): string | null {
  const [section = "", name] = splitOnce(path);
  const sections = sectionsOf(role);
  if (name === null) {
    if (!sections.includes(section)) {
      if (sectionsOf(otherOf(role)).includes(section)) return `unknown section; ${belongs(role)}`;
      return `unknown section; ${hint(section, sections) ?? misplaced(role, section) ?? `known: ${sections.join(", ")}`}`;
    }
    const fits = value === null || (typeof value === "object" && !Array.isArray(value));
    return fits ? null : `found ${found(value)}; allowed: keys such as ${listOf(role, section)}`;
  }
  if (!sections.includes(section)) return null;
  const siblings = listOf(role, section, Infinity).split(", ");
  if (siblings.includes(name)) return null;
  if (listKeys(otherOf(role)).some((key) => key.path === path)) return `unknown key; ${belongs(role)}`;
  const near = hint(name, siblings, `${section}.`) ?? misplaced(role, name);
  return `unknown key; ${near ?? `known in ${section}: ${siblings.join(", ")}`}`;
}

export function wrongValue(key: ConfigKey, value: unknown): string {
  const seen = key.secret ? "something else" : found(value);
  const quotes = key.allowed.startsWith("text") && ["number", "boolean"].includes(typeof value);
  const near = wordOf(key.options, value);
  const meant = near === null ? "" : `; did you mean ${near}?`;
  const trouble = key.patterns ? patternTrouble(value) : "";
  return `found ${seen}; allowed: ${key.allowed}${quotes ? " (put it in quotes)" : ""}${meant}${trouble}`;
}

function patternTrouble(value: unknown): string {
  const all: unknown[] = typeof value === "string" ? splitPatterns(value) : Array.isArray(value) ? value : [];
  const troubles = all.flatMap((one) => {
    const trouble = typeof one === "string" ? globTrouble(one) : null;
    return trouble === null ? [] : [`; ${JSON.stringify(one)} ${trouble}`];
  });
  return troubles[0] ?? "";
}

/** What the first unknown word of a list most likely meant. */
function wordOf(options: readonly string[], value: unknown): string | null {
  const words = Array.isArray(value) ? value : typeof value === "string" ? value.split(/[\s,]+/) : [];
  const unknown = words.find((word) => typeof word === "string" && !options.includes(word));
  return unknown === undefined ? null : nearest(unknown, options);
}

/** Variables that begin as ours do (`VC_WORKER_`) and yet set nothing in either file: typing mistakes. */
export function unknownVariables(env: Record<string, string | undefined>): string[] {
  const known = [...listKeys("master"), ...listKeys("worker")].flatMap((key) => key.env);
  const sections = [...sectionsOf("master"), ...sectionsOf("worker")].map(
    (name) => `VC_${name.toUpperCase()}_`,
  );
  return Object.keys(env)
    .filter((name) => sections.some((prefix) => name.startsWith(prefix)) && !known.includes(name))
    .map((name) => `${printable(name)}: unknown variable; ${hint(name, known) ?? "it sets nothing"}`);
}

/** The sentence for a file that was written for the other role; null when it is not. */
export function otherRole(role: Role, entries: Entry[]): string | null {
  const other = otherOf(role);
  if (guessRole(entries) !== other) return null;
  const marks = marksOf(other, entries);
  const sections = marks.filter((path) => !path.includes("."));
  const has = sections.length > 0 ? sections : marks;
  return `this is the file of a ${other} (it has ${has.join(", ")}): start it with \`vc ${other}\`, or name a ${role}'s file`;
}

/** Whose file it is by most of its sections and keys; null when they do not tell. */
export function guessRole(entries: Entry[]): Role | null {
  const master = marksOf("master", entries).length;
  const worker = marksOf("worker", entries).length;
  return master === worker ? null : master > worker ? "master" : "worker";
}

/** The sections and keys that only this role knows, sections with small typing mistakes among them. */
function marksOf(role: Role, entries: Entry[]): string[] {
  const other = otherOf(role);
  const all = [...sectionsOf("master"), ...sectionsOf("worker")];
  const known = (of: Role, path: string) =>
    sectionsOf(of).includes(path) || listKeys(of).some((key) => key.path === path);
  return entries
    .map(({ path }) => (path.includes(".") ? path : (nearest(path, all) ?? path)))
    .filter((path) => known(role, path) && !known(other, path));
}

function otherOf(role: Role): Role {
  return role === "master" ? "worker" : "master";
}

function belongs(role: Role): string {
  return `it belongs to the file of a ${otherOf(role)}`;
}

function misplaced(role: Role, name: string): string | null {
  const home = listKeys(role).find((key) => key.path.endsWith(`.${name}`));
  return home === undefined ? null : `did you mean ${home.path}?`;
}

function hint(word: string, candidates: readonly string[], prefix = ""): string | null {
  const near = nearest(word, candidates);
  return near === null ? null : `did you mean ${prefix}${near}?`;
}

function listOf(role: Role, section: string, limit = 3): string {
  const names = listKeys(role)
    .filter((key) => key.path.startsWith(`${section}.`))
    .map((key) => key.path.slice(section.length + 1));
  return names.slice(0, limit).join(", ");
}

function splitOnce(path: string): [string, string | null] {
  const dot = path.indexOf(".");
  return dot === -1 ? [path, null] : [path.slice(0, dot), path.slice(dot + 1)];
}
