import { expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeBackup } from "../../src/db/backups.ts";
import { openDatabase } from "../../src/db/database.ts";
import { recordPublished } from "../../src/db/ledger.ts";
import { defaultMigrations } from "../../src/db/migrations.ts";
import { openChecked } from "../../src/db/open-checked.ts";
import { nextFloor, restoreBackup } from "../../src/db/restore.ts";
import { createStore } from "../../src/db/store.ts";
import { fill, withDatabasePath } from "./files.ts";

const now = new Date("2026-11-22T12:30:00Z");

test("a restored database opens with the backup's films; the damaged one is kept with its log", () =>
  withDatabasePath(async (path, folder) => {
    const { database } = fill(path, 3);
    const backup = await makeBackup({ path, folder, keep: 3, now });
    fill(path, 0).committer.runNow(() => undefined);
    const damaged = readFileSync(path);
    expect(existsSync(`${path}-wal`)).toBe(true);
    const restored = await restoreBackup({ path, backup: backup.path, folder, now });
    expect(restored).toEqual({ kept: `${path}.damaged-20261122T123000Z`, films: 3, published_since: 0 });
    expect(readFileSync(restored.kept ?? "")).toEqual(damaged);
    expect(existsSync(`${restored.kept}-wal`)).toBe(true);
    database.close();

    const opened = await openChecked(path, { folder, keep: 3 });
    const store = createStore(opened);
    expect(store.counts().reduce((sum, row) => sum + row.jobs, 0)).toBe(3);
    expect(Number(store.fact("attempt_floor"))).toBe(nextFloor(1, now));
    opened.close();
    expect(readdirSync(folder).filter((name) => name.includes("restoring"))).toEqual([]);
  }));

test("a backup that is not whole changes nothing", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 30).database.close();
    const { path: backup } = await makeBackup({ path, folder, keep: 3, now });
    const before = readFileSync(path);
    truncateSync(backup, 20_000);
    const attempt = (from: string) => restoreBackup({ path, backup: from, folder, now });
    await expect(attempt(backup)).rejects.toMatchObject({ code: "damaged" });
    writeFileSync(join(folder, "text"), "no database".repeat(100));
    await expect(attempt(join(folder, "text"))).rejects.toThrow("no database of vc");
    await expect(attempt(join(folder, "none"))).rejects.toMatchObject({ code: "storage" });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder).filter((name) => /restoring|damaged/.test(name))).toEqual([]);
  }));

test("a backup from before a migration takes over what was replaced since", () =>
  withDatabasePath(async (path, folder) => {
    const older = join(folder, "older");
    cpSync(defaultMigrations(), older, { recursive: true });
    const journal = join(older, "meta", "_journal.json");
    const { entries, ...rest } = JSON.parse(readFileSync(journal, "utf8"));
    const before = entries.filter(({ idx }: { idx: number }) => idx < 6);
    writeFileSync(journal, JSON.stringify({ ...rest, entries: before }));
    openDatabase({ path, migrations: older }).close();
    const backup = await makeBackup({ path, folder, keep: 3, now });
    const film = { source_rel: "a.mkv", source_size: 9, source_mtime_ns: "1", output_rel: "a.mp4" };
    const result = {
      output_key: "a.mp4",
      size: 5,
      mtime_ns: "2",
      kept_rel: ".vc/originals/job0000000.1/a.mkv",
    };
    await recordPublished({ path, folder }, [
      { at_ms: now.getTime(), job_id: "job0000000", attempt: 1, ...film, ...result },
    ]);
    expect(await restoreBackup({ path, backup: backup.path, folder, now })).toMatchObject({
      published_since: 1,
    });
    const opened = await openChecked(path, { folder, keep: 3 });
    expect(createStore(opened).keptOriginals()).toEqual({ films: 1, bytes: 9 });
    opened.close();
  }));

test.each([
  [0, "2026-01-01T00:00:00Z", 1000],
  [7, "2026-01-01T01:00:00Z", 3600],
  [50_000, "2026-01-01T01:00:00Z", 51_000],
  [3, "1970-01-01T00:00:00Z", 1003],
])("after attempt %i, a restore at %s numbers from %i", (newest, at, floor) => {
  expect(nextFloor(newest, new Date(at))).toBe(floor);
});
