import { recordPublished } from "../../db/ledger.ts";
import type { Clock } from "../../shared/clock.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf, systemCode } from "../../shared/errors.ts";
import { backupPlace } from "./backup.ts";
import type { PublishedFile, PublishIntent } from "./coordinator.ts";
import { outputKey } from "./output-names.ts";
import type { Problems } from "./problems.ts";

export type Ledger = (intent: PublishIntent, published: PublishedFile[]) => void;

/** Notes beside the backups what was published. Where that cannot be written, people are told, and nothing stops. */
export function createLedger(of: {
  database: MasterConfig["database"];
  problems: Problems;
  clock: Clock;
}): Ledger {
  const { path } = of.database;
  const { folder, keep } = backupPlace(of.database);
  return (intent, [film]) => {
    if (keep === 0 || film === undefined) return;
    const { job_id, attempt, source_rel, source_size, source_mtime_ns } = intent;
    const made_of = { job_id, attempt, source_rel, source_size, source_mtime_ns };
    const at_ms = of.clock.now().wall_ms;
    try {
      const output_key = outputKey(film.output_rel);
      recordPublished({ path, folder }, { ...made_of, ...film, output_key, at_ms });
      of.problems.clear("ledger");
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      const message = `What is published cannot be noted beside the backups in ${folder}: ${messageOf(error)}.`;
      of.problems.set("ledger", message, "remark");
    }
  };
}
