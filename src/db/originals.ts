import { and, asc, desc, eq, getTableColumns, sql } from "drizzle-orm";
import type { OriginalState } from "../shared/originals.ts";
import type { Database } from "./database.ts";
import { fromParameters } from "./parameters.ts";
import { type OriginalRow, originals } from "./schema.ts";

const COLUMNS = Object.keys(getTableColumns(originals)) as (keyof OriginalRow)[];
const CHANGING = ["output_size", "output_mtime_ns", "state", "ended_ms"] as const;

type Result = Pick<OriginalRow, "output_key" | "output_size" | "output_mtime_ns" | "state">;
type Key = Pick<OriginalRow, "job_id" | "attempt">;

/** Questions about sources that were replaced. */
export function createOriginalQueries({ orm, sqlite }: Database) {
  const { placeholder } = sql;
  const thisOne = and(
    eq(originals.job_id, placeholder("job_id")),
    eq(originals.attempt, placeholder("attempt")),
  );
  const one = orm.select().from(originals).where(thisOne).prepare();
  const any = sqlite.prepare<{ one: number }, []>("select 1 as one from originals limit 1");
  const insert = orm
    .insert(originals)
    .values(fromParameters(originals, COLUMNS) as never)
    .prepare();
  const save = orm.update(originals).set(fromParameters(originals, CHANGING)).where(thisOne).prepare();
  const remove = orm.delete(originals).where(thisOne).prepare();
  const results = sqlite.prepare<Result, { keys: string }>(
    `select output_key, output_size, output_mtime_ns, state from json_each($keys) as found
     join originals on output_key = found.value where state <> 'returned'`,
  );
  const newestFirst = [desc(originals.replaced_ms), desc(originals.attempt)];
  const ofJob = orm
    .select()
    .from(originals)
    .where(eq(originals.job_id, placeholder("job_id")))
    .orderBy(...newestFirst)
    .prepare();
  const ofResult = orm
    .select()
    .from(originals)
    .where(eq(originals.output_key, placeholder("key")))
    .orderBy(...newestFirst)
    .prepare();
  const sums = sqlite.prepare<{ films: number; bytes: number }, []>(
    "select count(*) as films, coalesce(sum(size), 0) as bytes from originals where state = 'kept'",
  );

  return {
    original: (of: Key): OriginalRow | undefined => one.get(of),
    /** False spares a scan the question for results, where nothing was ever replaced. */
    hasOriginals: (): boolean => any.get() !== null,
    insertOriginal: (row: OriginalRow): void => void insert.run(row),
    saveOriginal: (row: OriginalRow): void => void save.run(row),
    removeOriginal: (of: Key): void => void remove.run(of),
    /** What stands, or stood, under these names in the place of sources. */
    resultsUnder: (keys: string[]): Result[] => results.all({ keys: JSON.stringify(keys) }),
    /** The newest first. */
    originalsOf: (job_id: string): OriginalRow[] => ofJob.all({ job_id }),
    originalsBehind: (key: string): OriginalRow[] => ofResult.all({ key }),
    /** What is kept: how many, and their bytes. */
    keptOriginals: (): { films: number; bytes: number } => sums.get() ?? { films: 0, bytes: 0 },
    listOriginals: (
      of: { state: OriginalState; until_ms?: number | undefined },
      page: { limit: number; offset: number },
    ): OriginalRow[] =>
      orm
        .select()
        .from(originals)
        .where(
          and(
            eq(originals.state, of.state),
            of.until_ms === undefined ? undefined : sql`${originals.replaced_ms} <= ${of.until_ms}`,
          ),
        )
        .orderBy(asc(originals.replaced_ms), asc(originals.job_id), asc(originals.attempt))
        .limit(page.limit)
        .offset(page.offset)
        .all(),
  };
}
