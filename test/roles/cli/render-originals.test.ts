import { expect, test } from "bun:test";
import { renderJob } from "../../../src/roles/cli/render-job.ts";
import { renderOriginals, renderPurged, renderUndone } from "../../../src/roles/cli/render-originals.ts";
import type { Original } from "../../../src/shared/originals.ts";
import { job } from "./records.ts";

const original = (changed: Partial<Original> = {}): Original => ({
  job_id: "0123456789",
  attempt: 1,
  state: "kept",
  source_path: "/films/Show/a.mkv",
  kept_path: "/films/.vc/originals/0123456789.1/Show/a.mkv",
  size: 3 * 1024 ** 3,
  output_path: "/films/Show/a.mp4",
  output_size: 1024 ** 3,
  replaced_at: "2026-11-22T10:00:00.000Z",
  due_at: "2026-12-22T10:00:00.000Z",
  ...changed,
});

test("the list of originals tells their size, their end, and what to do", () => {
  const originals = [
    original(),
    original({ due_at: null, output_size: null, source_path: "/films/\u001b[2Jb" }),
  ];
  expect(renderOriginals({ originals, films: 5, bytes: 15 * 1024 ** 3 })).toBe(
    `JOB         ORIGINAL  NOW      REPLACED                 DELETED AFTER            FILM
0123456789  3.0 GiB   1.0 GiB  2026-11-22 10:00:00 UTC  2026-12-22 10:00:00 UTC  /films/Show/a.mkv
0123456789  3.0 GiB   -        2026-11-22 10:00:00 UTC  never                    /films/\\x1b[2Jb
3 more; see --limit
5 originals of 15.0 GiB in all; \`vc undo JOB\` puts one back`,
  );
  expect(renderOriginals({ originals: [], films: 0, bytes: 0 })).toContain("no originals are kept");
});

test("an undo says what is back, and what was left where it is", () => {
  const done = renderUndone({ original: original({ state: "returned" }), result_left: false });
  expect(done).toContain("the original is back: /films/Show/a.mkv (3.0 GiB)");
  expect(done).toContain("`vc retry 0123456789`");
  expect(done).not.toContain("a.mp4");
  expect(renderUndone({ original: original(), result_left: true })).toContain(
    "/films/Show/a.mp4 was changed since",
  );
});

test("a purge sums up what it deleted, and names what stays; a dry run names all", () => {
  const left = [{ original: original(), why: "its result Show/a.mp4 is gone" }];
  expect(renderPurged({ purged: [original(), original()], left }, false)).toBe(
    `  /films/Show/a.mkv (3.0 GiB): stays, as its result Show/a.mp4 is gone
2 originals of 6.0 GiB deleted`,
  );
  expect(renderPurged({ purged: [original()], left: [] }, true)).toBe(
    `  /films/Show/a.mkv (3.0 GiB)
1 original of 3.0 GiB would be deleted`,
  );
});

test("a job shows what of it was replaced", () => {
  const originals = [original(), original({ state: "returned" })];
  expect(renderJob({ job: job({ status: "completed" }), attempts: [], originals })).toEndWith(
    `🗄️ Replaced
├─ 2026-11-22 10:00:00 UTC: the original (3.0 GiB) is kept in ${originals[0]?.kept_path} until 2026-12-22 10:00:00 UTC
└─ 2026-11-22 10:00:00 UTC: the original (3.0 GiB) was put back`,
  );
  const clash = job({ status: "skipped", reason: "name_taken" });
  expect(renderJob({ job: clash, attempts: [] })).toEndWith("the next scan takes it up by itself.");
});
