import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Master, startMaster } from "../../../src/roles/master/index.ts";
import { loadMasterConfig } from "../../../src/shared/config-file.ts";
import { createLogger } from "../../../src/shared/log.ts";

/** A master below `folder` with an empty library and the token "t0ken"; `flags` are further keys of its configuration. */
export function startRealMaster(folder: string, flags: Record<string, string> = {}): Promise<Master> {
  for (const name of ["films", "out"]) mkdirSync(join(folder, name));
  const all = {
    "server.port": "0",
    "server.host": "127.0.0.1",
    "server.token": "t0ken",
    "scanner.root_path": join(folder, "films"),
    "scanner.output_base": join(folder, "out"),
    "database.path": join(folder, "jobs.db"),
    ...flags,
  };
  const config = loadMasterConfig({ path: null, implicit: false, flags: all, env: {} });
  const log = createLogger({ level: "info", format: "text", output_path: join(folder, "log") });
  return startMaster(config, { log });
}
