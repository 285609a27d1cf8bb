import { existsSync } from "node:fs";
import { defineCommand } from "citty";
import { ConfigError, loadConfig } from "../../shared/config-file.ts";
import type { Role } from "../../shared/config-keys.ts";
import { ERRORS, VcError } from "../../shared/errors.ts";
import { found } from "../../shared/found.ts";
import { roleOf } from "./master-of-file.ts";
import { fileOf, jsonArg } from "./start.ts";

export const validate = defineCommand({
  meta: { name: "validate", description: "Check a configuration file without starting anything" },
  args: {
    file: {
      type: "positional",
      required: false,
      description: "A master's or a worker's configuration file (./config.yaml)",
    },
    config: { type: "string", valueHint: "FILE", description: "The configuration file, too" },
    role: {
      type: "string",
      valueHint: "ROLE",
      description: "master or worker; without it, as the file looks",
    },
    ...jsonArg,
  },
  async run({ args }) {
    const file = fileOf(args) ?? "config.yaml";
    if (fileOf(args) === null && !existsSync(file))
      throw new VcError("usage", "FILE is missing; see `vc help validate`");
    let recognised = args.role === undefined ? null : parseRole(args.role);
    try {
      recognised ??= roleOf(file, "; or say --role master or --role worker");
      // What cannot be read as YAML is told before the role matters.
      const role = recognised ?? "master";
      const notes = check(file, role);
      const lines = [
        `${file}: a ${role}'s configuration without mistakes`,
        ...notes.map((note) => `  ${note}`),
      ];
      console.log(args.json === true ? inJson({ valid: true, role, notes }) : lines.join("\n"));
      return 0;
    } catch (error) {
      if (args.json !== true || !(error instanceof VcError)) throw error;
      console.log(inJson({ valid: false, role: recognised, problems: problemsOf(error) }));
      return ERRORS[error.code].exit;
    }
  },
});

function parseRole(text: string): Role {
  if (text === "master" || text === "worker") return text;
  throw new VcError("usage", `--role: found ${found(text)}; allowed: master or worker`);
}

/** What would be amiss on this machine. Throws what `loadConfig` throws. */
function check(path: string, role: Role): string[] {
  const sources = { path, flags: {}, env: process.env, elsewhere: true };
  return (role === "master" ? loadConfig(role, sources) : loadConfig(role, sources)).notes;
}

function problemsOf(error: VcError): { line: number | null; column: number | null; text: string }[] {
  if (!(error instanceof ConfigError)) return [{ line: null, column: null, text: error.message }];
  return error.problems.map(({ at, text }) => ({ line: at?.line ?? null, column: at?.column ?? null, text }));
}

function inJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
