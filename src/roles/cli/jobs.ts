import { defineCommand } from "citty";
import type { Client } from "../../shared/client.ts";
import { VcError } from "../../shared/errors.ts";
import { JOB_STATUSES } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";
import { wholeNumber } from "./arguments.ts";
import { findJob } from "./find-job.ts";
import { connect, peopleArgs, show, terminalWidth } from "./people.ts";
import { renderJob } from "./render-job.ts";
import { renderJobs } from "./render-jobs.ts";

export const jobs = defineCommand({
  meta: {
    name: "jobs",
    description: "List jobs, or show one with its attempts and the ffmpeg command that ran",
  },
  args: {
    job: { type: "positional", required: false, description: "A job's id, its beginning, or its path" },
    status: { type: "string", valueHint: "STATUS", description: `Only ${JOB_STATUSES.join(", ")}` },
    limit: { type: "string", valueHint: "N", description: "How many to list, newest change first (50)" },
    ...peopleArgs,
  },
  async run({ args }) {
    const status = args.status === undefined ? undefined : statusOf(args.status);
    const limit = wholeNumber(args.limit ?? "50", "--limit", { min: 1, max: 1000 });
    const client = connect(args);
    if (args.job !== undefined && status === undefined && args.limit === undefined) {
      return show(args, await details(client, args.job), renderJob);
    }
    const search = args.job === undefined ? {} : { search: args.job };
    const reply = await client.call("jobs", {
      ...search,
      ...(status === undefined ? {} : { status }),
      limit,
    });
    show(args, reply, (found) => renderJobs(found, terminalWidth()));
  },
});

async function details(client: Client, wanted: string) {
  const { id } = await findJob(client, wanted);
  return client.call("job", { id });
}

function statusOf(text: string) {
  const status = JOB_STATUSES.find((known) => known === text);
  if (status !== undefined) return status;
  throw new VcError(
    "usage",
    `--status: found ${JSON.stringify(printable(text))}; allowed: ${JOB_STATUSES.join(", ")}`,
  );
}
