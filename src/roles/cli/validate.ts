import { readFileSync } from "node:fs";
import { defineCommand } from "citty";
import { loadConfig } from "../../shared/config-file.ts";
import { otherRole } from "../../shared/config-problems.ts";
import { readYaml } from "../../shared/config-yaml.ts";
import { fileTrouble, VcError } from "../../shared/errors.ts";
import { jsonArg, laterKeys } from "./start.ts";

export const validate = defineCommand({
  meta: { name: "validate", description: "Check a configuration file without starting anything" },
  args: {
    file: { type: "positional", required: true, description: "A master's or a worker's configuration file" },
    ...jsonArg,
  },
  async run({ args }) {
    const sources = { path: args.file, flags: {}, env: process.env };
    const role = roleOf(args.file);
    const { given } = role === "master" ? loadConfig(role, sources) : loadConfig(role, sources);
    const notes = laterKeys(role, given);
    if (args.json === true) console.log(JSON.stringify({ valid: true, role, notes }, null, 2));
    else
      console.log(
        [
          `${args.file}: a ${role}'s configuration without mistakes`,
          ...notes.map((note) => `  ${note}`),
        ].join("\n"),
      );
  },
});

/** By the sections that only one of the two has; a file that has neither is judged as a worker's. */
function roleOf(path: string): "master" | "worker" {
  const { entries } = readYaml(read(path));
  return otherRole("worker", entries) === null ? "worker" : "master";
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new VcError("config", `cannot read the configuration file ${path}: ${fileTrouble(cause)}`, {
      cause,
    });
  }
}
