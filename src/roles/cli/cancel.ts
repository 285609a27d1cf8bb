import { defineCommand } from "citty";
import { printable } from "../../shared/printable.ts";
import { findJob } from "./find-job.ts";
import { connect, peopleArgs, show } from "./people.ts";

export const cancel = defineCommand({
  meta: { name: "cancel", description: "End a job that waits or runs; it stays ended until it is retried" },
  args: {
    job: { type: "positional", required: true, description: "The job's id, its beginning, or its path" },
    ...peopleArgs,
  },
  async run({ args }) {
    const client = connect(args);
    const { id } = await findJob(client, args.job);
    const reply = await client.call("cancel_job", { id });
    show(args, reply, ({ job }) => `cancelled: ${printable(job.source_rel)}`);
  },
});
