import type { Database as Sqlite } from "bun:sqlite";

/**
 * job_counts follows jobs by triggers and by whoever inserts films. Should they ever disagree (a flipped bit, an older
 * version's fault, a person's own SQL), screens would be wrong for ever: so they are compared at every start.
 */

const SUMS = "jobs, source_bytes, output_bytes, source_ms";
const TRUTH = `select status, coalesce(reason, '') as reason, count(*) as jobs, ${total("source_size")} as source_bytes,
    ${total("coalesce(output_size, 0)")} as output_bytes,
    ${total("cast(coalesce(source_duration, 0) * 1000 as integer)")} as source_ms
  from jobs where parent_id is null group by 1, 2`;

/** sum() of whole numbers ends in an error where they are too many; files with holes may claim to be that large. */
function total(column: string): string {
  return `cast(total(${column}) as integer)`;
}

/** Whether the totals are not those of the jobs. Reads all jobs: half a second for a million. */
export function isMiscounted(sqlite: Sqlite): boolean {
  const tables = "select count(*) as found from sqlite_master where name in ('jobs', 'job_counts')";
  if (sqlite.query<{ found: number }, []>(tables).get()?.found !== 2) return false;
  const noted = `select status, reason, ${SUMS} from job_counts
    where jobs <> 0 or source_bytes <> 0 or output_bytes <> 0 or source_ms <> 0`;
  const count = sqlite.query<{ differ: number }, []>(
    `with truth as materialized (${TRUTH}), noted as (${noted})
     select exists (select * from truth except select * from noted)
       or exists (select * from noted except select * from truth) as differ`,
  );
  return count.get()?.differ === 1;
}

/** Counts all jobs anew. */
export function recount(sqlite: Sqlite): void {
  sqlite.transaction(() => {
    sqlite.run("delete from job_counts");
    sqlite.run(`insert into job_counts (status, reason, ${SUMS}) ${TRUTH}`);
    // Whoever inserts films adds to this row.
    sqlite.run("insert or ignore into job_counts values ('pending', '', 0, 0, 0, 0)");
  })();
}
