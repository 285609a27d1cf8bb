import { defineCommand } from "citty";
import { VcError } from "../../shared/errors.ts";
import { configArgs } from "./config-args.ts";
import { peopleArgs } from "./people.ts";
import { listTokens, makeToken, revokeToken } from "./token-farm.ts";
import { showToken } from "./token-show.ts";

const { file: _, ...masterArgs } = configArgs("master");

export const token = defineCommand({
  meta: {
    name: "token",
    description: "`vc token show`: the master's token; `add`, `list`, `revoke`: tokens of single workers",
  },
  args: {
    what: { type: "positional", required: true, description: "show, add, list or revoke" },
    name: {
      type: "positional",
      required: false,
      description: "add, revoke: the worker's id. show: the master's configuration file",
    },
    ...masterArgs,
    ...peopleArgs,
  },
  async run({ args }) {
    const { what, name } = args;
    if (what === "show") return showToken(args, name);
    if (what === "list" && name === undefined) return listTokens(args);
    if (what === "add" && name !== undefined) return makeToken(args, name);
    if (what === "revoke" && name !== undefined) return revokeToken(args, name);
    throw new VcError(
      "usage",
      "allowed: `vc token show [FILE]`, `vc token list`, `vc token add WORKER` and `vc token revoke WORKER`",
    );
  },
});
