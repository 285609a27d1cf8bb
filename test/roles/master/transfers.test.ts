import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Master } from "../../../src/roles/master/index.ts";
import { formatDigest, MOST_PIECE_BYTES, sha256Of } from "../../../src/shared/transfer.ts";
import { claimJob, type MasterSite, withMasterSite } from "../../support/master-test.ts";
import { type Claimed, getSource } from "../../support/transfer-calls.ts";

type Scene = { site: MasterSite; master: Master; of: { url: string; worker_id: string; job: Claimed } };

/** A master with one film, whose job worker w1 has claimed. */
async function withClaim(
  content: Buffer,
  use: (scene: Scene) => Promise<void>,
  sections = {},
): Promise<void> {
  await withMasterSite(async (site) => {
    await site.film("a/film.mkv");
    const path = join(site.films, "a/film.mkv");
    await writeFile(path, content);
    const hourAgo = Date.now() / 1000 - 3600;
    await utimes(path, hourAgo, hourAgo);
    const master = await site.start(sections);
    await master.scan();
    const job = await claimJob(master, "w1");
    await use({ site, master, of: { url: master.url, worker_id: "w1", job } });
  });
}

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
        expect(headers.get("content-digest")).toBe(formatDigest(sha256Of(wanted)));
        expect(headers.get("content-type")).toBe("application/octet-stream");
        expect(headers.get("content-encoding")).toBeNull();
      }
      const head = await getSource(of, null, { method: "HEAD" });
      expect(head.status).toBe(200);
      expect(head.headers.get("content-length")).toBe(String(film.length));
      expect(head.headers.get("accept-ranges")).toBe("bytes");
    }));
});
