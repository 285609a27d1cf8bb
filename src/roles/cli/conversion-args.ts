import type { ArgsDef, StringArgDef } from "citty";
import { listKeys } from "../../shared/config-keys.ts";
import { PROFILES } from "../../shared/config-profiles.ts";

/** Every key of the configuration's sections conversion and rules, as an option: `--target-resolution` and so on. */
const keys = listKeys("master").filter(
  ({ path }) => /^(?:conversion|rules)\./.test(path) && path !== PROFILES,
);

export const conversionArgs: ArgsDef = Object.fromEntries(
  keys.map(({ path, description }): [string, StringArgDef] => [
    optionOf(path),
    { type: "string", valueHint: "VALUE", description },
  ]),
);

/** What was given of these options, by key path. */
export function conversionFlags(args: Record<string, unknown>): Record<string, string | undefined> {
  return Object.fromEntries(
    keys.map(({ path }): [string, string | undefined] => {
      const value = args[optionOf(path)];
      return [path, typeof value === "string" ? value : undefined];
    }),
  );
}

function optionOf(path: string): string {
  return path.slice(path.indexOf(".") + 1).replaceAll("_", "-");
}
