import { defineCommand } from "citty";
import { printable } from "../../shared/printable.ts";
import { connect, peopleArgs, show } from "./people.ts";

export const resume = defineCommand({
  meta: { name: "resume", description: "Give a quarantined worker films again, at once" },
  args: {
    worker: { type: "positional", required: true, description: "The worker's id, as `vc workers` shows it" },
    ...peopleArgs,
  },
  async run({ args }) {
    const name = printable(args.worker);
    const reply = await connect(args).call("resume_worker", { id: args.worker });
    show(args, reply, ({ was_quarantined }) =>
      was_quarantined ? `${name} is trusted again and gets films at once` : `${name} was not quarantined`,
    );
  },
});
