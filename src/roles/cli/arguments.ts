import { parseArgs } from "node:util";
import type { ArgDef, ArgsDef } from "citty";
import { VcError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";

/**
 * Checks what citty would let pass (unknown options, options without their value, arguments too many) and
 * returns the arguments in the one form that cannot be misread: `--name=value ... -- positional ...`. A last positional
 * with the value hint `...` may stand for several.
 * Throws VcError("usage").
 */
export function normalize(rawArgs: string[], definitions: ArgsDef, command: string): string[] {
  const wrong = (text: string) => new VcError("usage", `${text}; see \`vc help ${command}\``);
  const named = Object.entries(definitions).filter(([, definition]) => definition.type !== "positional");
  const places = Object.entries(definitions).filter(([, definition]) => definition.type === "positional");
  const options: string[] = [];
  const positionals: string[] = [];

  for (const token of tokensOf(rawArgs, named)) {
    if (token.kind === "positional") positionals.push(unmark(token.value));
    if (token.kind !== "option") continue;
    const [name, definition] = lookUp(token.name, named) ?? [];
    if (name === undefined) throw unknownOption(token.rawName, named, command);
    if (definition?.type === "boolean") {
      if (token.value !== undefined) throw wrong(`--${name} takes no value`);
      options.push(`--${name}`);
    } else {
      const swallowed = token.inlineValue === false && /^-\D/.test(token.value);
      if (token.value === undefined || token.value === "" || swallowed)
        throw wrong(`--${name} needs a value`);
      options.push(`--${name}=${unmark(token.value)}`);
    }
  }
  const extra = positionals[places.length];
  if (extra !== undefined && places.at(-1)?.[1].valueHint !== "...")
    throw wrong(`unexpected argument ${JSON.stringify(printable(extra))}`);
  const missing = places.find(
    ([, definition], index) => definition.required !== false && positionals[index] === undefined,
  );
  if (missing !== undefined) throw wrong(`${missing[0].toUpperCase()} is missing`);
  return [...options, "--", ...positionals];
}

type Named = [string, ArgDef][];

function tokensOf(args: string[], named: Named) {
  const options = Object.fromEntries(
    named.map(([name, definition]) => {
      const alias =
        "alias" in definition && typeof definition.alias === "string" ? definition.alias : undefined;
      const type = definition.type === "boolean" ? ("boolean" as const) : ("string" as const);
      return [name, alias?.length === 1 ? { type, short: alias } : { type }];
    }),
  );
  for (const [before, name] of FORMER_NAMES) {
    const definition = options[name];
    if (definition !== undefined) options[before] = definition;
  }
  return parseArgs({ args: args.map(mark), options, strict: false, allowPositionals: true, tokens: true })
    .tokens;
}

/** A negative number is an argument, not a row of short options: it is hidden from parseArgs. */
function mark(arg: string): string {
  return /^-\d/.test(arg) ? `\0${arg}` : arg;
}

function unmark(arg: string): string {
  return arg.startsWith("\0") ? arg.slice(1) : arg;
}

/** Options that had another name once: it is still understood, and told nowhere. */
const FORMER_NAMES = new Map([["master-url", "master"]]);

function lookUp(name: string, named: Named): [string, ArgDef] | undefined {
  const now = FORMER_NAMES.get(name) ?? name;
  return named.find(([known]) => known === now);
}

function unknownOption(rawName: string, named: Named, command: string): VcError {
  if (/(^-*|\.)token$/.test(rawName)) {
    const places = "VC_TOKEN, a token file or the configuration file";
    return new VcError(
      "usage",
      `${rawName}: command lines, which everybody can see, hold no token; use ${places}`,
    );
  }
  const names = named.map(([name]) => name);
  const near = nearest(rawName.replace(/^-+/, ""), names);
  const hint = near === null ? `see \`vc help ${command}\`` : `did you mean --${near}?`;
  return new VcError("usage", `unknown option ${printable(rawName)}; ${hint}`);
}

/** A whole number given as text. Throws VcError("usage") that names `what`. */
export function wholeNumber(text: string, what: string, range: { min: number; max: number }): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  const allowed = `a whole number from ${range.min} to ${range.max}`;
  throw new VcError("usage", `${what}: found ${JSON.stringify(printable(text))}; allowed: ${allowed}`);
}
