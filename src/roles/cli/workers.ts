import { defineCommand } from "citty";
import { connect, peopleArgs, show, terminalWidth } from "./people.ts";
import { renderWorkers } from "./render-workers.ts";

export const workers = defineCommand({
  meta: { name: "workers", description: "Show every worker that was ever seen" },
  args: peopleArgs,
  async run({ args }) {
    const reply = await connect(args).call("workers", {});
    show(args, reply, (seen) => renderWorkers(seen.workers, Date.now(), terminalWidth()));
  },
});
