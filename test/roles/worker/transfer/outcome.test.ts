import { expect, test } from "bun:test";
import { endingOf } from "../../../../src/roles/worker/transfer/outcome.ts";
import { VcError } from "../../../../src/shared/errors.ts";

const full = Object.assign(new Error("write failed"), { code: "ENOSPC" });

test.each([
  ["another film by now", new VcError("source_changed", "m"), "retry", "source_changed"],
  ["gone", new VcError("source_missing", "m"), "skipped", "source_missing"],
  ["closed to the master", new VcError("source_unreadable", "m"), "retry", "source_unreadable"],
  ["a master that is away", new VcError("unreachable", "m"), "retry", "transfer_failed"],
  ["no room there", new VcError("storage_full", "m"), "retry", "disk_full"],
  ["somebody else has the job", new VcError("stale_attempt", "m"), "stopped", undefined],
  ["the job is gone", new VcError("not_found", "m"), "stopped", undefined],
  ["no room here", full, "retry", "disk_full"],
  ["something else", new Error("a bug"), "retry", "worker_error"],
])("%s", (_, error, outcome, reason) => {
  expect(endingOf(error)).toMatchObject(reason === undefined ? { outcome } : { outcome, reason });
});
