import { basename, extname, posix, resolve } from "node:path";
import type { Client } from "../../shared/client.ts";
import { VcError } from "../../shared/errors.ts";
import type { Job } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";

/**
 * The job that a person means by an id, its beginning, or a path or a part of one.
 * Throws VcError: `not_found`, or `conflict` naming some of the jobs that it could be.
 */
export async function findJob(client: Client, wanted: string): Promise<Job> {
  const { jobs, total } = await client.call("jobs", { search: wanted, limit: MANY });
  const exact = jobs.filter((job) => [job.id, job.source_rel, job.output_rel].includes(wanted));
  const found = exact.length > 0 ? exact : total > 0 ? jobs : await byOtherPath(client, wanted);
  const [first] = found;
  const shown = JSON.stringify(printable(wanted));
  if (first === undefined) throw new VcError("not_found", `no job has ${shown} in its id or path`);
  if (found.length === 1) return first;
  const some = found.slice(0, 5).map((job) => `\n  ${job.id}  ${printable(job.source_rel)}`);
  const many = Math.max(found.length, exact.length > 0 ? 0 : total);
  throw new VcError("conflict", `${many} jobs match ${shown}; give the id of one:${some.join("")}`);
}

/** As many as one call gives. */
const MANY = 1000;

/**
 * The master searches in the sources' paths below its root; whole paths, their ends, and those of results are
 * compared here. A path may also be relative to the folder that the person stands in.
 */
async function byOtherPath(client: Client, wanted: string): Promise<Job[]> {
  const { jobs } = await client.call("jobs", { search: basename(wanted, extname(wanted)), limit: MANY });
  const here = withSlashes(resolve(wanted));
  const end = `/${posix.normalize(withSlashes(wanted))}`;
  return jobs.filter((job) =>
    [job.source_path, job.output_path].map(withSlashes).some((path) => path === here || path.endsWith(end)),
  );
}

/** The master may run on another system than this command. */
function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}
