import * as v from "valibot";
import { found } from "../../shared/found.ts";

/**
 * What is wrong with one field of a call, in words: `limit: found "abc"; allowed: a whole number`. A schema that
 * has a message of its own says in it what is allowed.
 */
export function inputFault(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? "input";
  if (issue.input === undefined) return `${field}: is missing`;
  return `${field}: found ${found(issue.input)}; allowed: ${allowed(issue)}`;
}

function allowed(issue: v.BaseIssue<unknown>): string {
  // What valibot says by itself; every other message is ours.
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  return RULES[issue.type]?.(issue) ?? TYPES[issue.type] ?? alternatives(issue);
}

const TYPES: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "named fields",
  safe_integer: "a whole number",
};

const RULES: Record<string, (issue: v.BaseIssue<unknown>) => string> = {
  min_value: ({ requirement }) => `at least ${requirement}`,
  max_value: ({ requirement }) => `at most ${requirement}`,
  min_length: ({ input, requirement }) => `at least ${requirement} ${pieces(input, requirement)}`,
  max_length: ({ input, requirement }) => `at most ${requirement} ${pieces(input, requirement)}`,
};

function pieces(input: unknown, requirement: unknown): string {
  if (Array.isArray(input)) return requirement === 1 ? "entry" : "entries";
  return requirement === 1 ? "character" : "characters";
}

/** Of `("a" | "b" | "c")`: a, b or c. */
function alternatives({ expected }: v.BaseIssue<unknown>): string {
  const words = (expected ?? "another value").replace(/^\((.*)\)$/s, "$1").split(" | ");
  const unique = [...new Set(words.map((word) => word.replace(/^"(.*)"$/s, "$1")))];
  const last = unique.pop() ?? "";
  return unique.length === 0 ? last : `${unique.join(", ")} or ${last}`;
}
