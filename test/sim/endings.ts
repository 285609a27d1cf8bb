import { BAD } from "./fleet.ts";
import type { SimMaster } from "./master.ts";
import { ENDED } from "./model.ts";
import { KILLER } from "./worker.ts";
import { mtimeOf, type World } from "./world.ts";

type Row = {
  id: string;
  status: string;
  reason: string | null;
  source_rel: string;
  source_mtime_ns: string;
  output_rel: string;
};

/** All jobs have ended, and the newest version of every source is what was converted. */
export function allEnded(master: SimMaster, world: World): boolean {
  if (!master.isUp()) return false;
  const { sqlite } = master.database;
  const ended = [...ENDED].map((status) => `'${status}'`).join(", ");
  const open = sqlite
    .query<{ n: number }, []>(`select count(*) as n from jobs where status not in (${ended})`)
    .get()?.n;
  if (open !== 0) return false;
  const rows = sqlite.query<Row, []>("select * from jobs").all();
  if (rows.length !== world.sources.size) return false;
  if (rows.some((row) => row.source_mtime_ns !== mtimeOf(world.sources.get(row.source_rel) ?? 0)))
    return false;
  // What the rules left alone is queued once others want it.
  if (rows.some(({ reason, source_rel }) => reason === "excluded" && !master.refuses(source_rel)))
    return false;
  for (const row of rows) checkEnd(world, master, row);
  return true;
}

function checkEnd(world: World, master: SimMaster, row: Row): void {
  const { status, source_rel, output_rel } = row;
  const version = world.sources.get(source_rel) ?? 0;
  const deadly = source_rel.startsWith(KILLER);
  if (deadly && status === "completed") world.fail(`${source_rel} kills its workers, yet it is completed`);
  if (deadly && status === "failed") world.count("deadly film parked");
  if (status === "failed") forbidBadEnd(world, master, row);
  if (status !== "completed") return;
  const made = world.results.get(output_rel);
  if (made?.version !== version) world.fail(`${output_rel} is not of version ${version} of ${source_rel}`);
}

/** No film ends as failed because of the worker that fails everything alone. */
function forbidBadEnd(world: World, master: SimMaster, { id, source_rel, reason }: Row): void {
  const workers = master.database.sqlite
    .query<{ worker_id: string }, [string]>(
      `select distinct attempts.worker_id from attempts join jobs on jobs.id = job_id
       where job_id = ? and attempts.source_mtime_ns = jobs.source_mtime_ns and outcome is not 'cancelled'`,
    )
    .all(id);
  if (workers.every(({ worker_id }) => worker_id === BAD))
    world.fail(`${source_rel} failed (${reason}) on the bad worker alone`);
}
