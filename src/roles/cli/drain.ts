import { defineCommand } from "citty";
import { printable } from "../../shared/printable.ts";
import { connect, peopleArgs, show } from "./people.ts";

export const drain = defineCommand({
  meta: { name: "drain", description: "Let a worker finish or hand back what it has, and end" },
  args: {
    worker: { type: "positional", required: true, description: "The worker's id, as `vc workers` shows it" },
    ...peopleArgs,
  },
  async run({ args }) {
    const reply = await connect(args).call("drain_worker", { id: args.worker });
    show(
      args,
      reply,
      () => `${printable(args.worker)} takes no further jobs and ends when its films are done`,
    );
  },
});
