import { resolve } from "node:path";
import { defineCommand } from "citty";
import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig } from "../../shared/config-file.ts";
import { VcError } from "../../shared/errors.ts";
import { configArgs } from "./config-args.ts";
import { moment } from "./format.ts";
import { jsonArg, sourcesOf } from "./start.ts";

const { file: _, ...options } = configArgs("master");

export const restore = defineCommand({
  meta: { name: "restore", description: "List the backups of a master's database, or restore one" },
  args: {
    backup: {
      type: "positional",
      required: false,
      description: "The backup to restore: its path or its name; without it, they are listed",
    },
    newest: { type: "boolean", description: "Restore the newest backup" },
    database: {
      type: "string",
      valueHint: "PATH",
      description: "The database, instead of the configuration file's",
    },
    ...options,
    ...jsonArg,
  },
  async run({ args }) {
    const { findBackups, restore } = await import("../master/restore.ts");
    const { backup, newest, json } = args as Given;
    if (newest === true && backup !== undefined) {
      throw new VcError("usage", "name a backup, or say --newest; not both");
    }
    const database = databaseOf(args as Given);
    if (newest !== true && backup === undefined) {
      print(json, findBackups(database), listed);
      return 0;
    }
    print(json, await restore(database, backup ?? null), told(database.path));
    return 0;
  },
});

type Given = Record<string, unknown> & {
  backup?: string;
  newest?: boolean;
  database?: string;
  json?: boolean;
};
type Database = MasterConfig["database"];

/** A configuration may be lost with the disk: then the path alone will do. */
function databaseOf(args: Given): Database {
  if (args.database === undefined) return loadMasterConfig(sourcesOf("master", args)).database;
  const folder = args["database.backup_path"];
  return {
    path: resolve(args.database),
    backup_path: typeof folder === "string" ? resolve(folder) : null,
    backup_interval: 1,
    backup_keep: 1,
  };
}

function print<T>(json: boolean | undefined, value: T, inWords: (value: T) => string[]): void {
  console.log(json === true ? JSON.stringify(value, null, 2) : inWords(value).join("\n"));
}

function listed({ folder, backups }: { folder: string; backups: { path: string; at: string }[] }): string[] {
  if (backups.length === 0) return [`There is no backup in ${folder}.`];
  return [
    ...backups.map(({ path, at }) => `${moment(at)}  ${path}`),
    "",
    "`vc restore --newest` or `vc restore NAME` restores one; the master must be stopped.",
  ];
}

type Done = { backup: string; kept: string | null; films: number; published_since: number };

function told(path: string) {
  return (done: Done): string[] => [
    `${done.backup} was restored to ${path}: ${done.films} films, ${done.published_since} of them published since it was made.`,
    ...(done.kept === null ? [] : [`What was there is kept as ${done.kept}.`]),
    "Start the master again. Workers that run films which the backup does not know of are stopped, and go on with others.",
  ];
}
