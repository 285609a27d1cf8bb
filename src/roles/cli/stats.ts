import { defineCommand } from "citty";
import { connect, peopleArgs, show } from "./people.ts";
import { renderStats } from "./render-stats.ts";

export const stats = defineCommand({
  meta: { name: "stats", description: "Show sums over everything so far: sizes, times, reasons, workers" },
  args: peopleArgs,
  async run({ args }) {
    show(args, await connect(args).call("stats", {}), renderStats);
  },
});
