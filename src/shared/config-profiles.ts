import type * as v from "valibot";
import { type ConfigKey, configKey, listKeys } from "./config-keys.ts";
import { wrongValue } from "./config-problems.ts";
import { name, patterns } from "./config-values.ts";
import type { Inner, Problem } from "./config-yaml.ts";
import { found } from "./found.ts";
import { nearest } from "./nearest.ts";

/** Where profiles stand in a master's file. */
export const PROFILES = "rules.profiles";

/** What is wrong inside of the profiles, each thing with its place in the file. */
export function profileProblems(issues: v.BaseIssue<unknown>[], inner: Inner[]): Problem[] {
  const ours = issues.filter(({ path = [] }) => `${path[0]?.key}.${path[1]?.key}` === PROFILES);
  return ours.map((issue) => {
    const [index, ...names] = (issue.path ?? []).slice(2, 5).map(({ key }) => String(key));
    const path = [`${PROFILES}[${index}]`, ...names].join(".");
    return { at: placeOf(path, inner), text: `${path}: ${sentence(names, issue)}` };
  });
}

/** Of the thing itself, or of the nearest one that holds it. */
function placeOf(path: string, inner: Inner[]): Problem["at"] {
  const holders = inner.filter((one) => path === one.path || path.startsWith(`${one.path}.`));
  return holders.toSorted((a, b) => b.path.length - a.path.length)[0]?.at ?? null;
}

function sentence(names: string[], issue: v.BaseIssue<unknown>): string {
  const key = keyOf(names);
  const value = issue.path?.[names.length + 2]?.value;
  const known = siblings(names);
  if (key !== undefined && value !== undefined) return wrongValue(key, value);
  if (issue.expected === "never") {
    const near = nearest(names.at(-1) ?? "", known);
    return `unknown key; ${near === null ? `known here: ${known.join(", ")}` : `did you mean ${near}?`}`;
  }
  if (value === undefined) return `is missing${key === undefined ? "" : `; allowed: ${key.allowed}`}`;
  return `found ${found(value)}; allowed: keys such as ${siblings([...names, ""])
    .slice(0, 3)
    .join(", ")}`;
}

function keyOf([first = "", second]: string[]): ConfigKey | undefined {
  if (first === "conversion") return listKeys("master").find(({ path }) => path === `conversion.${second}`);
  return { match: configKey("match", patterns), name: configKey("name", name) }[first];
}

function siblings(names: string[]): string[] {
  if (names.length < 2) return ["match", "conversion", "name"];
  const prefix = "conversion.";
  return listKeys("master").flatMap(({ path }) =>
    path.startsWith(prefix) ? [path.slice(prefix.length)] : [],
  );
}
