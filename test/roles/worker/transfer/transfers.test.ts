import { expect, test } from "bun:test";
import { type Execution, ended } from "../../../../src/roles/worker/executor.ts";
import { namingDisk } from "../../../../src/roles/worker/transfer/transfers.ts";

const failed = (reason: "disk_full" | "ffmpeg_failed") =>
  ended({ outcome: "retry", reason, message: "The disk of the results is full.", report: {} });

test.each<[string, Execution, string]>([
  [
    "a full disk is named",
    failed("disk_full"),
    "The disk of /cache/made/w, where this worker makes its films",
  ],
  ["other failures stay as they are", failed("ffmpeg_failed"), "The disk of the results is full."],
])("%s", async (_, execution, expected) => {
  const result = await namingDisk("/cache/made/w", execution).finished;
  expect(result).toMatchObject({ outcome: "retry", message: expect.stringContaining(expected) });
});
