import { Database as Sqlite } from "bun:sqlite";
import { expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listBackups, makeBackup } from "../../src/db/backups.ts";
import { openDatabase, openFile } from "../../src/db/database.ts";
import { openChecked } from "../../src/db/open-checked.ts";
import { createStore } from "../../src/db/store.ts";
import { VcError } from "../../src/shared/errors.ts";
import { createRandom } from "../sim/random.ts";
import { ROOT } from "../support/sources.ts";
import { copyAsKilled, fill, withDatabasePath } from "./files.ts";

const places = (folder: string) => ({ folder: join(folder, "backups"), keep: 3 });

/** The films of a database that opens, or the refusal. */
async function open(path: string, folder: string): Promise<number | VcError> {
  try {
    const database = await openChecked(path, places(folder));
    try {
      return createStore(database)
        .counts()
        .reduce((sum, row) => sum + row.jobs, 0);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof VcError) return error;
    throw error;
  }
}

const codeOf = (result: number | VcError) => (result instanceof VcError ? result.code : result);

async function expectRefusal(path: string, folder: string, code: string, words: string): Promise<void> {
  const result = await open(path, folder);
  expect<unknown>(codeOf(result)).toBe(code);
  expect(String(result)).toContain(words);
}

test("a new database, a cleanly closed one, and one whose master was killed all open", () =>
  withDatabasePath(async (path, folder) => {
    expect(await open(path, folder)).toBe(0);
    const { database } = fill(path, 5);
    const killed = join(folder, "killed.db");
    copyAsKilled(path, killed);
    expect(await open(killed, folder)).toBe(5);
    expect(await open(killed, folder)).toBe(5);
    database.close();
    expect(await open(path, folder)).toBe(5);
    expect(await open(path, folder)).toBe(5);
  }));

test("a copy of a closed database opens elsewhere, as does one from before changes were counted", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 5).database.close();
    rmSync(`${path}.commits`);
    expect(await open(path, folder)).toBe(5);
    const sqlite = openFile(path);
    sqlite.run("delete from meta");
    sqlite.run("pragma application_id = 0");
    sqlite.close();
    rmSync(`${path}.commits`);
    expect(await open(path, folder)).toBe(5);
  }));

test("a shell that tidied up after a crash raises no alarm", () =>
  withDatabasePath(async (path, folder) => {
    const { database } = fill(path, 5);
    const killed = join(folder, "killed.db");
    copyAsKilled(path, killed);
    const shell = new Sqlite(killed);
    shell.query("select count(*) from jobs").get();
    shell.close();
    expect(await open(killed, folder)).toBe(5);
    database.close();
  }));

test("a log that is missing, cut or damaged after a crash is noticed, and the newest backup is named", () =>
  withDatabasePath(async (path, folder) => {
    const { database } = fill(path, 5);
    const backup = await makeBackup({ ...places(folder), path, now: new Date("2026-11-22T12:30:00Z") });
    const killed = join(folder, "jobs-killed.db");
    const harms: [string, (wal: string) => void][] = [
      ["missing", (wal) => rmSync(wal)],
      ["empty", (wal) => truncateSync(wal, 0)],
      ["cut", (wal) => truncateSync(wal, readFileSync(wal).length - 4096 - 24)],
      ["damaged", (wal) => flip(wal, 20_000, 3)],
    ];
    for (const [what, harm] of harms) {
      copyAsKilled(path, killed);
      harm(`${killed}-wal`);
      const refused = await open(killed, folder);
      expect([what, refused]).toEqual([what, expect.any(VcError)]);
      expect(codeOf(refused)).toBe("damaged");
      expect(`${what}: ${refused}`).toContain("made to it: its log");
      expect(String(refused)).toContain("There is no backup");
    }
    database.close();
    truncateSync(path, 9000);
    const refused = await open(path, folder);
    expect(String(refused)).toContain(`newest backup is of 2026-11-22T12:30:00Z (${backup.path})`);
    expect(String(refused)).toContain("vc restore --newest");
  }));

test("a database that is gone or empty, although it was in use, is no new one", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 2).database.close();
    truncateSync(path, 0);
    await expectRefusal(path, folder, "damaged", "is empty");
    rmSync(path);
    await expectRefusal(path, folder, "damaged", "is missing");
    rmSync(`${path}.commits`);
    expect(await open(path, folder)).toBe(0);
  }));

test("an older copy put in its place is noticed; another database is not mistaken for one", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 2).database.close();
    const old = readFileSync(path);
    fill(join(folder, "other.db"), 1).database.close();
    const { database, committer, store } = fill(path, 0);
    committer.runNow(() => store.setFact("a", "b"));
    database.close();
    writeFileSync(path, old);
    await expectRefusal(path, folder, "damaged", "lacks the last change");
    writeFileSync(path, readFileSync(join(folder, "other.db")));
    expect(await open(path, folder)).toBe(1);
  }));

test("another program's database and another kind of file are refused and not touched", () =>
  withDatabasePath(async (path, folder) => {
    const other = new Sqlite(path, { create: true });
    other.run("create table photos (name text)");
    other.close();
    const before = readFileSync(path);
    await expectRefusal(path, folder, "config", "another program");
    expect(readFileSync(path).subarray(100)).toEqual(before.subarray(100));
    const marked = new Sqlite(path);
    marked.run("create table jobs (name text)");
    marked.run("pragma application_id = 1234");
    marked.close();
    await expectRefusal(path, folder, "config", "another program");
    const notes = join(folder, "notes.txt");
    writeFileSync(notes, "not a database, but long enough to look at".repeat(100));
    await expectRefusal(notes, folder, "damaged", "no SQLite database");
  }));

test("a newer version's database is refused, and nothing is changed in it", () =>
  withDatabasePath(async (path, folder) => {
    fill(path, 3).database.close();
    const change = (sql: string) => {
      const sqlite = openFile(path);
      sqlite.run(sql);
      sqlite.close();
    };
    change("insert into __drizzle_migrations (hash, created_at) values ('x', 9999999999999)");
    await expectRefusal(path, folder, "config", "newer version");
    change("delete from __drizzle_migrations where hash = 'x'");
    expect(await open(path, folder)).toBe(3);
    expect(listBackups({ ...places(folder), path })).toEqual([]);
  }));

test("before the tables change for a new version, a backup is made", () =>
  withDatabasePath(async (path, folder) => {
    const older = join(folder, "older");
    cpSync(join(ROOT, "drizzle"), older, { recursive: true });
    const journal = join(older, "meta", "_journal.json");
    const all = JSON.parse(readFileSync(journal, "utf8"));
    writeFileSync(journal, JSON.stringify({ ...all, entries: all.entries.slice(0, 2) }));
    openDatabase({ path, migrations: older }).close();
    expect(await open(path, folder)).toBe(0);
    const [backup] = listBackups({ ...places(folder), path });
    const copy = openFile(backup?.path ?? "");
    const applied = copy.query("select count(*) as n from __drizzle_migrations").get();
    copy.close();
    expect(applied).toEqual({ n: 2 });
  }));

function flip(path: string, at: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
}

test(
  "whatever bit is flipped, a start either works or refuses in a sentence",
  () =>
    withDatabasePath(async (path, folder) => {
      fill(path, 60).database.close();
      const whole = readFileSync(path);
      const random = createRandom(Number(process.env.SEED ?? 1));
      const seen = { opened: 0, refused: 0 };
      for (let n = 0; n < 120; n++) {
        const at = random.between(0, whole.length - 1);
        for (const end of ["-wal", "-shm", ".commits"]) rmSync(path + end, { force: true });
        writeFileSync(path, whole);
        flip(path, at, random.between(0, 7));
        const result = await open(path, folder);
        if (typeof result === "number") {
          expect([at, result]).toEqual([at, 60]);
          seen.opened++;
        } else {
          expect([at, result.code]).toEqual([at, expect.stringMatching(/^(damaged|config|storage)$/)]);
          seen.refused++;
        }
      }
      expect(seen.refused).toBeGreaterThan(5);
      expect(seen.opened).toBeGreaterThan(10);
    }),
  300_000,
);
