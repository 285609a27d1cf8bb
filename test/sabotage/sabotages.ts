/**
 * One promise of vc broken on purpose, by replacing a text that stands exactly once in a source file. The named test
 * must fail then: `bun scripts/sabotage.ts` tries each on a copy of the tree.
 */
export type Sabotage = { what: string; file: string; find: string; put: string; caught_by: string };

const COORDINATOR = "test/roles/master/coordinator.test.ts";
const LIFECYCLE = "test/roles/master/lifecycle.test.ts";
const PLACE = "test/roles/master/place.test.ts";
const PUBLISH = "test/roles/master/publish.test.ts";
const COMMIT = "test/db/commit.test.ts";
const JOB = "test/roles/worker/job.test.ts";
const DURABLE = "test/e2e/durable.test.ts";

export const SABOTAGES: Sabotage[] = [
  // Fencing and leases.
  {
    what: "skip the attempt check: an old attempt counts as the newest",
    file: "src/roles/master/lifecycle.ts",
    find: 'if (attempt.attempt !== job.attempt) return "stale";',
    put: "",
    caught_by: LIFECYCLE,
  },
  {
    what: "forget what an attempt was answered",
    file: "src/roles/master/lifecycle.ts",
    find: 'if (attempt.answer !== null) return "answered";',
    put: "",
    caught_by: LIFECYCLE,
  },
  {
    what: "never let an attempt resume whose lease ran out",
    file: "src/roles/master/lifecycle.ts",
    find: '(job.status === "pending" || job.status === "failed") ? "lapsed" : "stale"',
    put: '(job.status === "pending" || job.status === "failed") ? "stale" : "stale"',
    caught_by: LIFECYCLE,
  },
  {
    what: "retry for ever",
    file: "src/roles/master/lifecycle.ts",
    find: "job.retry_count >= limits.max_retries",
    put: "job.retry_count < 0",
    caught_by: LIFECYCLE,
  },
  {
    what: "lose workers for ever",
    file: "src/roles/master/lifecycle.ts",
    find: "lost_count >= limits.max_lost",
    put: "lost_count < 0",
    caught_by: LIFECYCLE,
  },
  {
    what: "cancel what is being published",
    file: "src/roles/master/lifecycle.ts",
    find: 'cancel: ["pending", "processing"]',
    put: 'cancel: ["pending", "processing", "publishing"]',
    caught_by: LIFECYCLE,
  },
  {
    what: "charge a lost worker to the film's retries",
    file: "src/roles/master/lifecycle.ts",
    find: "return LOST_REASONS.some((lost) => lost === reason);",
    put: "return false && LOST_REASONS.some((lost) => lost === reason);",
    caught_by: COORDINATOR,
  },
  {
    what: "renew a stale lease",
    file: "src/roles/master/renewals.ts",
    find: 'return stands === "held" || stands === "lapsed";',
    put: "return true;",
    caught_by: COORDINATOR,
  },
  {
    what: "let any worker speak for an attempt",
    file: "src/roles/master/endings.ts",
    find: "if (attempt === undefined || attempt.worker_id !== worker_id) {",
    put: "if (attempt === undefined) {",
    caught_by: COORDINATOR,
  },
  {
    what: "claim without a lease",
    file: "src/roles/master/claims.ts",
    find: "context.later(() => context.leases.renew(keyOf(attempt), now.monotonic_ms));",
    put: "",
    caught_by: COORDINATOR,
  },
  {
    what: "grant new jobs to a repeated claim",
    file: "src/roles/master/claims.ts",
    find: "if (before.length > 0) return answer(context, input, stillHeld(context, before));",
    put: "",
    caught_by: COORDINATOR,
  },
  {
    what: "answer a repeated hand-in with an error",
    file: "src/roles/master/endings.ts",
    find: 'if (stands === "answered" && attempt.ended_by === call) return attempt.answer;',
    put: "",
    caught_by: COORDINATOR,
  },
  {
    what: "hand in any file of the staging folder",
    file: "src/roles/master/endings.ts",
    find: "if (said.length !== 1 || film?.staging !== staging || film.extension !== attempt.extension) {",
    put: "if (film === undefined) {",
    caught_by: COORDINATOR,
  },
  {
    what: "let two hosts use one worker id",
    file: "src/roles/master/scheduler.ts",
    find: 'elsewhere && known.silent_ms < offline_after_ms ? "taken" : "replaced"',
    put: '"replaced"',
    caught_by: "test/roles/master/scheduler.test.ts",
  },
  // Durability.
  {
    what: "drop the barrier of the group commit: answer before the commit",
    file: "src/db/commit.ts",
    find: 'sqlite.run("COMMIT");',
    put: 'setImmediate(() => sqlite.run("COMMIT"));',
    caught_by: COMMIT,
  },
  {
    what: "keep what a failed operation has written",
    file: "src/db/commit.ts",
    find: 'sqlite.run("ROLLBACK TO operation");',
    put: "",
    caught_by: COMMIT,
  },
  {
    what: "keep the effects of a failed operation in memory",
    file: "src/db/commit.ts",
    find: "    entry.effects = [];",
    put: "",
    caught_by: COMMIT,
  },
  {
    what: "keep effects in memory when the commit failed",
    file: "src/db/commit.ts",
    find: "result instanceof VcError ? [] : batch.flatMap((entry) => entry.effects)",
    put: "batch.flatMap((entry) => entry.effects)",
    caught_by: COMMIT,
  },
  {
    what: "let commits be lost with the power",
    file: "src/db/database.ts",
    find: "PRAGMA synchronous = FULL",
    put: "PRAGMA synchronous = NORMAL",
    caught_by: "test/db/database.test.ts",
  },
  {
    what: "let two masters share a database",
    file: "src/db/lock.ts",
    find: "BEGIN EXCLUSIVE",
    put: "BEGIN",
    caught_by: "test/db/lock.test.ts",
  },
  // Publishing.
  {
    what: "publish of a source that has changed",
    file: "src/roles/master/place.ts",
    find: "((await sourceFailure(storage, intent)) ?? firstFailure(open))",
    put: "firstFailure(open)",
    caught_by: PLACE,
  },
  {
    what: "publish a file of another size than was handed in",
    file: "src/roles/master/place.ts",
    find: "if (file === null || !isWhole(file, output)) return outputMissing(output, file);",
    put: "if (file === null) return outputMissing(output, file);",
    caught_by: PLACE,
  },
  {
    what: "replace a foreign file",
    file: "src/roles/master/place.ts",
    find: "if (existing !== null && !isPrevious(existing, output)) return nameTaken(output);",
    put: "",
    caught_by: PLACE,
  },
  {
    what: "replace a foreign file that appears at the last moment",
    file: "src/roles/master/files.ts",
    find: 'if (systemCode(error) === "EEXIST") return false;',
    put: 'if (systemCode(error) === "EEXIST") return rename(from, to).then(() => true);',
    caught_by: PLACE,
  },
  {
    what: "run two publishes of one hand-in side by side",
    file: "src/roles/master/publish.ts",
    find: "if (known !== undefined) return known;",
    put: "",
    caught_by: PUBLISH,
  },
  {
    what: "clean up the staging file of a running attempt",
    file: "src/roles/master/sweep.ts",
    find: "if (attempt !== null && of.isHeld(attempt)) continue;",
    put: "",
    caught_by: "test/roles/master/sweep.test.ts",
  },
  // What is taken in, and from whom.
  {
    what: "serve every token",
    file: "src/roles/master/auth.ts",
    find: "return timingSafeEqual(digest(presented), digest(expected));",
    put: "return timingSafeEqual(digest(presented), digest(expected)) || presented.length > 0;",
    caught_by: "test/roles/master/auth.test.ts",
  },
  {
    what: "take a proxy's calls for this machine's own",
    file: "src/roles/master/auth.ts",
    find: "if (FORWARDING_HEADERS.some((name) => call.header(name) !== undefined)) return false;",
    put: "",
    caught_by: "test/roles/master/auth.test.ts",
  },
  {
    what: "follow symlinks in the library",
    file: "src/roles/master/walk.ts",
    find: "!entry.isSymbolicLink() && options.isFilm(entry.name)",
    put: "options.isFilm(entry.name)",
    caught_by: "test/roles/master/walk.test.ts",
  },
  {
    what: "queue files that are still being copied",
    file: "src/roles/master/settle.ts",
    find: "if (settle_ms === 0) return { settled: true };",
    put: "if (settle_ms >= 0) return { settled: true };",
    caught_by: "test/roles/master/settle.test.ts",
  },
  // The worker.
  {
    what: "leave the worker's folder by a name of the master's",
    file: "src/roles/worker/workspace.ts",
    find: "if (parts.some(leaves)) {",
    put: "if (parts.length === 0) {",
    caught_by: "test/roles/worker/workspace.test.ts",
  },
  {
    what: "write through a link in the staging folder",
    file: "src/roles/worker/job.ts",
    find: 'await (await open(target, "wx")).close();',
    put: 'await (await open(target, "w")).close();',
    caught_by: JOB,
  },
  {
    what: "convert a source that is not the one that was queued",
    file: "src/roles/worker/job.ts",
    find: "if (Number(size) === source_size && sameTime(mtimeNs, BigInt(source_mtime_ns))) return null;",
    put: "if (Number(size) >= 0 && sameTime(mtimeNs, mtimeNs + BigInt(source_size + source_mtime_ns.length) * 0n)) return null;",
    caught_by: JOB,
  },
  {
    what: "work on a mount that is another folder by now",
    file: "src/roles/worker/job.ts",
    find: 'if ((await readFile(path, "utf8")).trim() === text) return null;',
    put: 'if ((await readFile(path, "utf8")).trim() !== "" || text !== "") return null;',
    caught_by: JOB,
  },
  {
    what: "hand the token to ffmpeg's environment",
    file: "src/roles/worker/executor.ts",
    find: "return { ...withoutTokens(process.env),",
    put: "return { ...(withoutTokens(process.env) && process.env),",
    caught_by: "test/roles/worker/executor.test.ts",
  },
  // What goes in comes out.
  {
    what: "trust ffmpeg's way of ending",
    file: "src/ffmpeg/encode-outcome.ts",
    find: 'if (run.stopped === "end_hang" || run.code === 0) return null;',
    put: 'if (run.stopped === "end_hang" || run.code !== -1) return null;',
    caught_by: "test/ffmpeg/encode-outcome.test.ts",
  },
  {
    what: "hand in without having verified",
    file: "src/ffmpeg/rung.ts",
    find: 'if ("refusal" in checked) return { ...checked, how };',
    put: 'if ("refusal" in checked) return { made: { size: 1, source_damaged: false } };',
    caught_by: "test/ffmpeg/convert.test.ts",
  },
  {
    what: "believe a film that lost frames inside",
    file: "src/ffmpeg/source-loss.ts",
    find: "if (frames <= 1) return null;",
    put: "if (frames <= 100) return null;",
    caught_by: "test/ffmpeg/verify.test.ts",
  },
  {
    what: "believe a film that ends early",
    file: "src/ffmpeg/source-loss.ts",
    find: "if (claimed_s === null || claimed_s - read_s <= frame_s + slack_s) return null;",
    put: "if (claimed_s === null || claimed_s - read_s <= 1e9 * (frame_s + slack_s)) return null;",
    caught_by: "test/ffmpeg/verify.test.ts",
  },
  {
    what: "believe any picture",
    file: "src/ffmpeg/verify.ts",
    find: "if (wrong.length === 0) return null;",
    put: "if (wrong.length >= 0) return null;",
    caught_by: "test/ffmpeg/verify.test.ts",
  },
  {
    what: "believe a picture that stands still",
    file: "src/ffmpeg/picture-difference.ts",
    find: "changes.every(({ result }) => result < 0.5)",
    put: "changes.every(({ result }) => result < -1)",
    caught_by: "test/ffmpeg/picture-difference.test.ts",
  },
  {
    what: "let a playlist open other files",
    file: "src/ffmpeg/guard.ts",
    find: '"-format_whitelist",\n    FORMATS.join(","),',
    put: '"-format_whitelist",\n    [...FORMATS, "hls"].join(","),',
    caught_by: "test/ffmpeg/probe.test.ts",
  },
  // The order of durable steps, seen in the system calls.
  {
    what: "hand in a film that is not on the disk yet",
    file: "src/ffmpeg/rung.ts",
    find: "await file.sync();",
    put: "",
    caught_by: DURABLE,
  },
  {
    what: "forget to make the film's name durable",
    file: "src/roles/master/place.ts",
    find: "await files.syncFoldersOf(one.target, storage.output_base);",
    put: "",
    caught_by: DURABLE,
  },
];
