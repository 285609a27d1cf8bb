import { defineCommand } from "citty";
import { wholeNumber } from "./arguments.ts";
import { connect, peopleArgs, show, terminalWidth } from "./people.ts";
import { renderOriginals } from "./render-originals.ts";

export const originals = defineCommand({
  meta: {
    name: "originals",
    description: "List the originals of replaced films: what `vc undo` can put back",
  },
  args: {
    limit: { type: "string", valueHint: "N", description: "How many to list, the oldest first (50)" },
    ...peopleArgs,
  },
  async run({ args }) {
    const limit = wholeNumber(args.limit ?? "50", "--limit", { min: 1, max: 1000 });
    const reply = await connect(args).call("originals", { limit });
    show(args, reply, (found) => renderOriginals(found, terminalWidth()));
  },
});
