import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MOST_PIECE_BYTES, pieceHash } from "../../../src/shared/transfer.ts";
import { claimJob } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import { getSource, HOUR_AGO_S, withClaim } from "../../support/transfer-calls.ts";
import { until } from "../../support/until.ts";

const noOtherUser = process.geteuid?.() === 0 ? null : "needs root to be another user";

async function asNobody<T>(call: () => Promise<T>): Promise<T> {
  process.seteuid?.(65534);
  try {
    return await call();
  } finally {
    process.seteuid?.(0);
  }
}

const rssOf = () => process.memoryUsage.rss();

describe("a source in pieces", () => {
  const film = randomBytes(MOST_PIECE_BYTES + 1000);
  const rows: [string, string, number, number][] = [
    ["the first byte", "bytes=0-0", 0, 1],
    ["some in the middle", "bytes=1000-4999", 1000, 4000],
    ["without an end, one piece", "bytes=0-", 0, MOST_PIECE_BYTES],
    ["more than a piece, one piece", `bytes=5-${film.length}`, 5, MOST_PIECE_BYTES],
    ["beyond the end, up to the end", `bytes=${film.length - 10}-${film.length + 10}`, film.length - 10, 10],
    ["the last byte", `bytes=${film.length - 1}-`, film.length - 1, 1],
  ];
  test("is what lies on the disk, with its digest", () =>
    withClaim(film, async ({ of }) => {
      for (const [name, range, from, length] of rows) {
        const { status, headers, bytes } = await getSource(of, range);
        const wanted = film.subarray(from, from + length);
        expect({ name, status, length: bytes.length }).toEqual({ name, status: 206, length });
        expect(bytes.equals(wanted)).toBe(true);
        expect(headers.get("content-range")).toBe(`bytes ${from}-${from + length - 1}/${film.length}`);
        expect(headers.get("piece-xxh3")).toBe(pieceHash(wanted));
        expect(headers.get("content-type")).toBe("application/octet-stream");
        expect(headers.get("content-encoding")).toBeNull();
      }
      const head = await getSource(of, null, { method: "HEAD" });
      expect(head.status).toBe(200);
      expect(head.headers.get("content-length")).toBe(String(film.length));
      expect(head.headers.get("accept-ranges")).toBe("bytes");
    }));

  test("is asked for by one range that begins in it", () =>
    withClaim(randomBytes(100), async ({ of }) => {
      for (const range of [null, "bytes=-5", "bytes=0-1,3-4", "bytes=5-4", "0-5", "bytes=x-"]) {
        const { status, error, message } = await getSource(of, range);
        expect({ range, status, error }).toEqual({ range, status: 400, error: "bad_request" });
        expect(message).toContain("bytes=A-B");
      }
      const beyond = await getSource(of, "bytes=100-");
      expect([beyond.status, beyond.error]).toEqual([416, "bad_range"]);
      expect(beyond.headers.get("content-range")).toBe("bytes */100");
    }));

  const changes: [string, (path: string) => Promise<void>, number, string][] = [
    ["grew", (path) => writeFile(path, randomBytes(300)), 409, "source_changed"],
    ["has another time", (path) => utimes(path, HOUR_AGO_S, HOUR_AGO_S + 1), 409, "source_changed"],
    ["is gone", (path) => rm(path), 404, "source_missing"],
    [
      "became a folder",
      async (path) => {
        await rm(path);
        await mkdir(path);
      },
      409,
      "source_changed",
    ],
    [
      "became a symlink to its like",
      async (path) => {
        await rename(path, `${path}.real`);
        await symlink(`${path}.real`, path);
      },
      404,
      "source_missing",
    ],
    [
      "lies behind a symlink now",
      async (path) => {
        const folder = join(path, "..");
        await rename(folder, `${folder}.real`);
        await symlink(`${folder}.real`, folder);
      },
      404,
      "source_missing",
    ],
  ];
  test.each(changes)("that %s is refused", (_, change, status, error) =>
    withClaim(randomBytes(200), async ({ site, of }) => {
      expect((await getSource(of, "bytes=0-9")).status).toBe(206);
      await site.film("another.mkv");
      await change(join(site.films, "a/film.mkv"));
      const refused = await getSource(of, "bytes=0-9");
      expect([refused.status, refused.error]).toEqual([status, error]);
      expect((await getSource(of, null, { method: "HEAD" })).status).toBe(status);
      expect((await getSource(of, "bytes=5000-")).error).toBe(error);
    }),
  );

  test("on a volume that is gone is no missing film", () =>
    withClaim(randomBytes(200), async ({ site, of }) => {
      await rename(site.films, `${site.films}.away`);
      await mkdir(site.films);
      const refused = await getSource(of, "bytes=0-9");
      expect([refused.status, refused.error]).toEqual([503, "storage"]);
    }));

  testOr(noOtherUser, "that the master's user may not read is told from one that cannot be read now", () =>
    withClaim(randomBytes(200), async ({ site, of }) => {
      const folder = join(site.films, "a");
      await chmod(join(site.films, ".."), 0o755);
      for (const [path, mode] of [
        [join(folder, "film.mkv"), 0],
        [folder, 0o700],
      ] as const) {
        const before = (await stat(path)).mode;
        await chmod(path, mode);
        const refused = await asNobody(() => getSource(of, "bytes=0-9"));
        expect([refused.status, refused.error]).toEqual([403, "source_unreadable"]);
        expect(refused.message).toContain("(uid 65534) may not read the source a/film.mkv");
        await chmod(path, before);
      }
      await chmod(site.films, 0o700);
      expect((await asNobody(() => getSource(of, "bytes=0-9"))).error).toBe("storage");
    }),
  );

  test("is for the worker that holds its attempt", () =>
    withClaim(randomBytes(200), async ({ site, of }) => {
      const cases: [string, typeof of, number, string][] = [
        ["another worker", { ...of, worker_id: "w2" }, 409, "stale_attempt"],
        ["another attempt", { ...of, job: { ...of.job, attempt: 7 } }, 409, "stale_attempt"],
        ["no job", { ...of, job: { ...of.job, id: "zzz" } }, 404, "not_found"],
      ];
      for (const [name, caller, status, error] of cases) {
        const refused = await getSource(caller, "bytes=0-9");
        expect([name, refused.status, refused.error]).toEqual([name, status, error]);
      }
      expect((await site.post(`/api/jobs/${of.job.id}/cancel`, {})).status).toBe(200);
      expect((await getSource(of, "bytes=0-9")).error).toBe("stale_attempt");
    }));

  test("may go on after its lease ran out, until another claim replaces it", () =>
    withClaim(
      randomBytes(200),
      async ({ master, of }) => {
        await until("the lease has run out", () => master.coordinator.leases().length === 0);
        expect((await getSource(of, "bytes=0-9")).status).toBe(206);
        expect((await claimJob(master, "w2")).attempt).toBe(of.job.attempt + 1);
        expect((await getSource(of, "bytes=0-9")).error).toBe("stale_attempt");
      },
      { queue: { lease: "100ms", retry_delay: "0" } },
    ));

  test(
    "in a thousand pieces leaves memory as it was",
    () =>
      withClaim(film, async ({ of }) => {
        const read = async (times: number) => {
          for (let n = 0; n < times; n++) await getSource(of, `bytes=${n * 1000}-${n * 1000 + 299_999}`);
        };
        await read(100);
        const before = rssOf();
        await read(1000);
        Bun.gc(true);
        expect((rssOf() - before) / 1024 ** 2).toBeLessThan(60);
      }),
    300_000,
  );
});
