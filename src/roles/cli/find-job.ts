import type { Client } from "../../shared/client.ts";
import { VcError } from "../../shared/errors.ts";
import type { Job } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";

/**
 * The job that a person means by an id, its beginning, or a path or a part of one.
 * Throws VcError: `not_found`, or `conflict` naming some of the jobs that it could be.
 */
export async function findJob(client: Client, wanted: string): Promise<Job> {
  const { jobs, total } = await client.call("jobs", { search: wanted, limit: 100 });
  const exact = jobs.filter((job) =>
    [job.id, job.source_rel, job.source_path, job.output_path].includes(wanted),
  );
  const [only] = exact.length === 1 ? exact : jobs;
  if (only === undefined)
    throw new VcError("not_found", `no job has ${JSON.stringify(printable(wanted))} in its id or path`);
  if (exact.length === 1 || total === 1) return only;
  const some = jobs.slice(0, 5).map((job) => `\n  ${job.id}  ${printable(job.source_rel)}`);
  throw new VcError(
    "conflict",
    `${total} jobs match ${JSON.stringify(printable(wanted))}; give the id of one:${some.join("")}`,
  );
}
