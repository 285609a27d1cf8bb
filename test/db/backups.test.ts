import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listBackups, makeBackup } from "../../src/db/backups.ts";
import { backUpInChild, checkInChild } from "../../src/db/child.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createStore } from "../../src/db/store.ts";
import { fill, withDatabasePath } from "./files.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 12, minute, 0));

function filmsIn(path: string): number {
  const database = openDatabase({ path });
  const films = createStore(database)
    .counts()
    .reduce((sum, row) => sum + row.jobs, 0);
  database.close();
  return films;
}

test("a backup holds what was committed, is one file, and the oldest make room; other files are left alone", () =>
  withDatabasePath(async (path, folder) => {
    const { database, committer, store } = fill(path, 4);
    const backups = join(folder, "a", "backups");
    mkdirSync(backups, { recursive: true });
    const others = ["jobs-20260101T000000Z.db.txt", "notes.db", "other-20260101T000000Z.db"];
    for (const name of others) writeFileSync(join(backups, name), "mine");
    writeFileSync(join(backups, "jobs-20260101T000000Z.db.draft"), "left over");
    for (const minute of [0, 1, 2, 3]) {
      committer.runNow(() => store.setFact("minute", String(minute)));
      const made = await makeBackup({ path, folder: backups, keep: 2, now: at(minute) });
      expect(made.at).toBe(`2026-11-22T12:0${minute}:00Z`);
    }
    database.close();
    const kept = ["jobs-20261122T120200Z.db", "jobs-20261122T120300Z.db"];
    expect(readdirSync(backups).sort()).toEqual([...others, ...kept].sort());
    const found = listBackups({ path, folder: backups });
    expect(found.map((backup) => backup.path)).toEqual(kept.reverse().map((name) => join(backups, name)));
    expect(filmsIn(found[0]?.path ?? "")).toBe(4);
  }));

test("a damaged database is not backed up, so good backups stay", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 40).database.close();
    const first = await makeBackup({ path, folder, keep: 1, now: at(0) });
    const bytes = readFileSync(path);
    bytes.fill(0xff, bytes.length - 6000, bytes.length - 4096);
    writeFileSync(path, bytes);
    const second = makeBackup({ path, folder, keep: 1, now: at(1) });
    await expect(second).rejects.toMatchObject({ code: "damaged" });
    expect(listBackups({ path, folder })).toEqual([first]);
  }));

test("a folder that cannot be written is told with what to do", () =>
  withDatabasePath(async (path) => {
    fill(path, 1).database.close();
    const backup = makeBackup({ path, folder: join(path, "below a file"), keep: 1, now: at(0) });
    await expect(backup).rejects.toThrow("database.backup_path");
  }));

test("a child process checks and backs up while this one goes on committing", () =>
  withDatabasePath(async (path, folder) => {
    const { database, committer, store } = fill(path, 10);
    let commits = 0;
    const timer = setInterval(() => committer.runNow(() => store.setFact("n", String(++commits))), 1);
    const backup = await backUpInChild({ path, folder, keep: 1, now: at(0) });
    clearInterval(timer);
    expect(commits).toBeGreaterThan(0);
    expect(filmsIn(backup.path)).toBe(10);
    expect(await checkInChild(path)).toEqual({ fault: null, miscounted: false });
    database.close();
    expect(existsSync(`${backup.path}.draft`)).toBe(false);
    await expect(checkInChild(join(folder, "none", "x.db"))).rejects.toMatchObject({ code: "storage" });
  }));
