import { defineCommand } from "citty";
import { VcError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { wholeNumber } from "./arguments.ts";
import { findJob } from "./find-job.ts";
import { count } from "./format.ts";
import { connect, peopleArgs, show } from "./people.ts";

export const retry = defineCommand({
  meta: { name: "retry", description: "Queue a failed or cancelled job again, or all failed ones" },
  args: {
    job: {
      type: "positional",
      required: false,
      description: "A job's id, its beginning, or its path; without it all that failed",
    },
    limit: {
      type: "string",
      valueHint: "N",
      description: "At most so many of all that failed, oldest first",
    },
    ...peopleArgs,
  },
  async run({ args }) {
    const client = connect(args);
    if (args.job !== undefined) {
      if (args.limit !== undefined)
        throw new VcError("usage", "--limit is for retrying all; leave out the job or the limit");
      const { id } = await findJob(client, args.job);
      const reply = await client.call("retry_job", { id });
      return show(args, reply, ({ job }) => `queued again: ${printable(job.source_rel)}`);
    }
    const limit =
      args.limit === undefined ? undefined : wholeNumber(args.limit, "--limit", { min: 1, max: 1e9 });
    const reply = await client.call("retry_failed", limit === undefined ? {} : { limit });
    show(
      args,
      reply,
      ({ retried, remaining }) =>
        `${count(retried, "job")} queued again; ${count(remaining, "failed job")} left`,
    );
  },
});
