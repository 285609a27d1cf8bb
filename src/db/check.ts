import type { Database as Sqlite } from "bun:sqlite";
import { messageOf, systemCode } from "../shared/errors.ts";
import { ATTEMPT_OUTCOMES, JOB_STATUSES } from "../shared/job.ts";

/**
 * The first thing that is wrong with a database, in words; null: nothing. Reads all of it: pages, indexes against
 * tables, and those values that would stop a master later. Half a second for 100,000 films, and blocks that long.
 */
export function faultOf(sqlite: Sqlite): string | null {
  try {
    const found = sqlite.query<{ integrity_check: string }, []>("PRAGMA integrity_check(1)").get();
    if (found?.integrity_check !== "ok") return found?.integrity_check ?? "SQLite could not check it";
    return RULES.find((rule) => breaks(sqlite, rule))?.what ?? null;
  } catch (error) {
    if (!systemCode(error)?.startsWith("SQLITE_")) throw error;
    return messageOf(error);
  }
}

type Rule = { what: string; table: string; columns: string[]; wrong: string };

const listed = (names: readonly string[]) => names.map((name) => `'${name}'`).join(", ");
const noTime = (column: string) => `(${column} is not null and julianday(${column}) is null)`;
const notWhole = (column: string) => `typeof(${column}) <> 'integer' or ${column} < 0`;

/** What SQLite cannot know of its own. `wrong` is true for a row that breaks the rule. */
const RULES: Rule[] = [
  {
    what: "a job has values that no job can have",
    table: "jobs",
    columns: ["status", "attempt", "source_size", "notes", "created_at", "started_at", "completed_at"],
    wrong: [
      `status not in (${listed(JOB_STATUSES)})`,
      notWhole("attempt"),
      notWhole("source_size"),
      "not json_valid(notes)",
      ...["created_at", "started_at", "completed_at"].map(noTime),
    ].join(" or "),
  },
  {
    what: "an attempt has values that no attempt can have",
    table: "attempts",
    columns: ["outcome", "report", "outputs", "started_at", "ended_at"],
    wrong: [
      `outcome not in (${listed(ATTEMPT_OUTCOMES)})`,
      "not json_valid(report)",
      "not json_valid(outputs)",
      ...["started_at", "ended_at"].map(noTime),
    ].join(" or "),
  },
  {
    what: "a worker has values that no worker can have",
    table: "workers",
    columns: ["gpus"],
    wrong: "not json_valid(gpus)",
  },
  {
    what: "a job is held by an attempt that does not exist",
    table: "jobs",
    columns: ["status", "attempt", "id"],
    wrong: `status in ('processing', 'publishing')
      and not exists (select 1 from attempts where job_id = jobs.id and attempt = jobs.attempt)`,
  },
  {
    what: "an attempt is newer than its job's newest",
    table: "attempts",
    columns: ["job_id", "attempt"],
    wrong: "exists (select 1 from jobs where jobs.id = job_id and jobs.attempt < attempts.attempt)",
  },
];

/** A table or a column that this database does not have yet breaks nothing. */
function breaks(sqlite: Sqlite, { table, columns, wrong }: Rule): boolean {
  const has = sqlite.query<{ name: string }, { table: string }>("select name from pragma_table_info($table)");
  const names = new Set(has.all({ table }).map(({ name }) => name));
  if (!columns.every((column) => names.has(column))) return false;
  return sqlite.query(`select 1 from ${table} where ${wrong} limit 1`).get() !== null;
}
