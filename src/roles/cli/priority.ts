import { defineCommand } from "citty";
import { printable } from "../../shared/printable.ts";
import { wholeNumber } from "./arguments.ts";
import { findJob } from "./find-job.ts";
import { connect, peopleArgs, show } from "./people.ts";

export const priority = defineCommand({
  meta: {
    name: "priority",
    description: "Let a job run earlier or later than others; 0 is normal, higher is earlier",
  },
  args: {
    job: { type: "positional", required: true, description: "The job's id, its beginning, or its path" },
    priority: { type: "positional", required: true, description: "From -1000 to 1000" },
    ...peopleArgs,
  },
  async run({ args }) {
    const wanted = wholeNumber(args.priority, "PRIORITY", { min: -1000, max: 1000 });
    const client = connect(args);
    const { id } = await findJob(client, args.job);
    const reply = await client.call("set_priority", { id, priority: wanted });
    show(args, reply, ({ job }) => `priority ${job.priority}: ${printable(job.source_rel)}`);
  },
});
