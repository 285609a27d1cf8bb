import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KEPT_FREE } from "../../../src/roles/master/room.ts";
import { bytePath } from "../../../src/shared/endpoints-transfer.ts";
import { MOST_PIECE_BYTES, PIECE_TYPE, pieceHash } from "../../../src/shared/transfer.ts";
import { noLargestFile, withLargestFile } from "../../support/largest-file.ts";
import { claimJob } from "../../support/master-test.ts";
import { testOr } from "../../support/test-or.ts";
import {
  beginUpload,
  type Caller,
  getSource,
  handIn,
  type Scene,
  sendPiece,
  sha256Of,
  withClaim,
} from "../../support/transfer-calls.ts";
import { until } from "../../support/until.ts";

type Sent = ReturnType<typeof sendPiece>;
const SOURCE = randomBytes(200);
const film = randomBytes(300_000);
const part = (from: number, to: number) => film.subarray(from, to);
const staged = ({ site, of }: Scene, name = of.job.staging) => join(site.converted, ".vc", name);
const jobOf = async ({ site, of }: Scene) =>
  (await site.call(`/api/jobs/${of.job.id}`)).body.job as Record<string, unknown>;

async function uploadAll(of: Caller, bytes: Uint8Array): Promise<void> {
  const size = bytes.length;
  expect(await beginUpload(of, { size })).toMatchObject({ status: 200, offset: 0 });
  for (let at = 0; at < size; at += 100_000) {
    const sent = await sendPiece(of, at, bytes.subarray(at, at + 100_000));
    expect([sent.status, sent.headers.get("upload-offset")]).toEqual([
      204,
      String(Math.min(at + 100_000, size)),
    ]);
  }
  expect(await beginUpload(of, { size, final: true })).toMatchObject({ status: 200, offset: size });
}

describe("a result in pieces", () => {
  test("is published as it was sent, and all may be said again", () =>
    withClaim(SOURCE, async ({ site, of }) => {
      await uploadAll(of, film);
      const told = { size: film.length, sha256: sha256Of(film) };
      expect(await handIn(of, told)).toEqual({ status: 200, body: { ok: true, status: "completed" } });
      const published = await Bun.file(join(site.converted, "a/film.mp4")).bytes();
      expect(sha256Of(published)).toBe(told.sha256);
      expect(await beginUpload(of, { size: film.length, final: true })).toMatchObject({
        offset: film.length,
      });
      expect((await handIn(of, told)).body.status).toBe("completed");
      expect((await sendPiece(of, 0, part(0, 10), { rewrite: true })).error).toBe("stale_attempt");
    }));

  test("goes on where it ended, also after the master was restarted", () =>
    withClaim(SOURCE, async ({ site, master, of }) => {
      await beginUpload(of, { size: 10 });
      await sendPiece(of, 0, part(0, 150_000));
      await master.stop();
      const again = { ...of, url: (await site.start()).url };
      const refused = await sendPiece(again, 150_000, part(150_000, 300_000));
      expect([refused.status, refused.error]).toEqual([409, "unknown_upload"]);
      expect(await beginUpload(again, { size: 300_000 })).toMatchObject({ offset: 150_000 });
      expect((await sendPiece(again, 150_000, part(150_000, 300_000))).status).toBe(204);
      await beginUpload(again, { size: 300_000, final: true });
      const handed = await handIn(again, { size: 300_000, sha256: sha256Of(film) });
      expect(handed.body.status).toBe("completed");
    }));

  test("gets again what its muxer changed, and loses what is too long", () =>
    withClaim(SOURCE, async (scene) => {
      const { of } = scene;
      await beginUpload(of, { size: 300_000 });
      await sendPiece(of, 0, randomBytes(200_000));
      await sendPiece(of, 200_000, part(200_000, 250_000));
      for (const at of [0, 100_000]) {
        const sent = await sendPiece(of, at, part(at, at + 100_000), { rewrite: true });
        expect([sent.status, sent.headers.get("upload-offset")]).toEqual([204, "250000"]);
      }
      const beyond = await sendPiece(of, 249_000, part(249_000, 251_000), { rewrite: true });
      expect(beyond.headers.get("upload-offset")).toBe("251000");
      expect((await sendPiece(of, 251_000, part(0, 1000), { rewrite: true })).error).toBe("wrong_offset");
      expect(await beginUpload(of, { size: 250_500, final: true })).toMatchObject({ offset: 250_500 });
      expect(await readFile(staged(scene))).toEqual(part(0, 250_500));
      const longer = await sendPiece(of, 250_500, part(0, 1));
      expect([longer.status, longer.error]).toEqual([400, "bad_request"]);
    }));

  test("takes no piece that is damaged, strange, or belongs elsewhere", () =>
    withClaim(SOURCE, async (scene) => {
      const { of } = scene;
      expect((await sendPiece(of, 0, part(0, 10))).error).toBe("unknown_upload");
      await beginUpload(of, { size: 1000 });
      await sendPiece(of, 0, part(0, 1000));
      const other = pieceHash(part(0, 9));
      const big = new Uint8Array(MOST_PIECE_BYTES + 1);
      const rows: [string, Promise<{ status: number; error: string | null }>, number, string][] = [
        [
          "another digest",
          sendPiece(of, 1000, part(0, 10), { headers: { "Piece-XXH3": other } }),
          400,
          "corrupt_piece",
        ],
        [
          "no digest",
          sendPiece(of, 1000, part(0, 10), { headers: { "Piece-XXH3": null } }),
          400,
          "bad_request",
        ],
        [
          "another type",
          sendPiece(of, 1000, part(0, 10), { headers: { "Content-Type": "text/plain" } }),
          400,
          "bad_request",
        ],
        [
          "no offset",
          sendPiece(of, 1000, part(0, 10), { headers: { "Upload-Offset": null } }),
          400,
          "bad_request",
        ],
        [
          "half an offset",
          sendPiece(of, 1000, part(0, 10), { headers: { "Upload-Offset": "1e3" } }),
          400,
          "bad_request",
        ],
        ["too long", sendPiece(of, 1000, big), 413, "too_large"],
        ["a gap", sendPiece(of, 1001, part(0, 10)), 409, "wrong_offset"],
        ["an overlap", sendPiece(of, 999, part(0, 10)), 409, "wrong_offset"],
        [
          "another's name",
          sendPiece(of, 1000, part(0, 10), { staging: "zzz.1.partial.mp4" }),
          409,
          "unknown_upload",
        ],
        ["no name", sendPiece(of, 1000, part(0, 10), { staging: "../a/film.mkv" }), 409, "unknown_upload"],
      ];
      for (const [name, sent, status, error] of rows) {
        const answer = await sent;
        expect([name, answer.status, answer.error]).toEqual([name, status, error]);
      }
      expect((await sendPiece(of, 5, part(0, 10))).headers.get("upload-offset")).toBe("1000");
      expect(await readFile(staged(scene))).toEqual(part(0, 1000));
    }));

  test("lies under a name of its attempt's, whatever others put there", () =>
    withClaim(SOURCE, async (scene) => {
      const { site, of } = scene;
      const { id, attempt } = of.job;
      for (const staging of [
        "x",
        `${id}.${attempt + 1}.partial.mp4`,
        `../${of.job.staging}`,
        "/etc/passwd",
      ]) {
        const refused = await beginUpload(of, { size: 10, staging });
        expect([staging, refused.status, refused.error]).toEqual([staging, 400, "bad_request"]);
      }
      const victim = join(site.folder, "victim");
      await writeFile(victim, "precious");
      const beside = `${of.job.staging}.1.sup`;
      const put: [string, (path: string) => Promise<void>][] = [
        [of.job.staging, (path) => symlink(victim, path)],
        [beside, (path) => link(victim, path)],
      ];
      for (const [staging, make] of put) {
        await make(staged(scene, staging));
        expect(await beginUpload(of, { size: 10, staging })).toMatchObject({ status: 200, offset: 0 });
        expect((await sendPiece(of, 0, part(0, 10), { staging })).status).toBe(204);
        await rm(staged(scene, staging));
        await make(staged(scene, staging));
        const later = await sendPiece(of, 10, part(10, 20), { staging });
        expect(later.error).toBe("unknown_upload");
      }
      expect(await readFile(victim, "utf8")).toBe("precious");
    }));

  test("has not more files than any film has", () =>
    withClaim(SOURCE, async (scene) => {
      const { site, of } = scene;
      const begin = (n: number) => beginUpload(of, { size: 1, staging: `${of.job.staging}.${n}.sup` });
      const begun = await Promise.all(Array.from({ length: 250 }, (_, n) => begin(n)));
      expect(begun.filter(({ status }) => status === 200)).toHaveLength(200);
      expect(begun.find(({ status }) => status !== 200)).toMatchObject({ status: 400, error: "bad_request" });
      const made = await readdir(join(site.converted, ".vc"));
      expect(made.filter((name) => name.includes("partial"))).toHaveLength(200);
    }));

  testOr(
    noLargestFile,
    "of which a piece could not be written after its answer tells the next call why",
    () =>
      withClaim(SOURCE, async ({ of }) => {
        const MB = 1024 ** 2;
        const bytes = randomBytes(3 * MB);
        const send = (n: number) => sendPiece(of, n * MB, bytes.subarray(n * MB, (n + 1) * MB));
        await beginUpload(of, { size: bytes.length, final: true });
        expect((await send(0)).status).toBe(204);
        await withLargestFile(1.5 * MB, async () => {
          expect((await send(1)).status).toBe(204);
          expect(await send(2)).toMatchObject({ status: 507, error: "storage_full" });
        });
        const late = await send(2);
        expect([late.status, late.headers.get("upload-offset")]).toEqual([409, `${MB}`]);
        expect([(await send(1)).status, (await send(2)).status]).toEqual([204, 204]);
        const told = { size: bytes.length, sha256: sha256Of(bytes) };
        expect(await handIn(of, told)).toEqual({ status: 200, body: { ok: true, status: "completed" } });
      }),
  );

  describe.each([1, 4])("of which %d pieces are in work at once", (max_transfers) => {
    const bytes = part(0, 2000);
    const [head, rest] = [bytes.subarray(0, 1000), bytes.subarray(1000)];
    const whileFirstComes = (
      then: (of: Caller, first: Socket, second: Sent, scene: Scene) => Promise<void>,
    ) =>
      withClaim(
        SOURCE,
        async (scene) => {
          const { of } = scene;
          await beginUpload(of, { size: bytes.length, final: true });
          expect((await sendPiece(of, 1000, rest)).status).toBe(409);
          const first = openHead(of, head.length, pieceHash(head));
          await until("it is under way", () => isOpen(staged(scene)));
          await then(of, first, sendPiece(of, 1000, rest), scene);
        },
        { server: { max_transfers } },
      );

    test("gets the second while the first one comes", () =>
      whileFirstComes(async (of, first, second, scene) => {
        expect((await sendPiece(of, 1001, rest)).status).toBe(409);
        first.write(head);
        expect(await answerOf(first)).toMatch(/^HTTP\/1\.1 204/);
        expect((await second).status).toBe(204);
        expect(await readFile(staged(scene))).toEqual(bytes);
      }));

    test("refuses the second where the first one does not arrive", () =>
      whileFirstComes(async (of, first, second) => {
        first.destroy();
        const refused = await second;
        expect([refused.status, refused.headers.get("upload-offset")]).toEqual([409, "0"]);
        expect((await sendPiece(of, 0, bytes)).status).toBe(204);
      }));
  });

  test("of one piece at a time is whole, however many are sent at once", () =>
    withClaim(SOURCE, async (scene) => {
      const { of } = scene;
      await beginUpload(of, { size: 300_000 });
      const sent = await Promise.all(Array.from({ length: 12 }, () => sendPiece(of, 0, part(0, 100_000))));
      expect(sent.map(({ status }) => status).sort()).toEqual([204, ...Array(11).fill(409)]);
      expect((await stat(staged(scene))).size).toBe(100_000);
    }));
});

describe("who may upload", () => {
  test("is a worker that holds the attempt, and nothing is made for others", () =>
    withClaim(SOURCE, async ({ site, of }) => {
      const cases: [string, Caller, number, string][] = [
        ["no job", { ...of, job: { ...of.job, id: "zzz", staging: "zzz.1.partial.mp4" } }, 404, "not_found"],
        ["another worker", { ...of, worker_id: "w2" }, 409, "stale_attempt"],
        ["another attempt", { ...of, job: { ...of.job, attempt: 7 } }, 409, "stale_attempt"],
      ];
      for (const [name, caller, status, error] of cases) {
        for (const refused of [
          await beginUpload(caller, { size: 10 }),
          await sendPiece(caller, 0, part(0, 10)),
        ])
          expect([name, refused.status, refused.error]).toEqual([name, status, error]);
        expect((await handIn(caller, { size: 0, sha256: sha256Of(part(0, 0)) })).status).toBe(status);
      }
      const made = await readdir(join(site.converted, ".vc"));
      expect(made.filter((name) => name.includes("partial"))).toEqual([]);
      expect((await readdir(site.converted)).filter((name) => name !== ".vc")).toEqual([]);
    }));

  test("is refused before its bytes are read, once another claim replaced the attempt", () =>
    withClaim(
      SOURCE,
      async ({ site, master, of }) => {
        await beginUpload(of, { size: 1000 });
        await site.post(`/api/jobs/${of.job.id}/cancel`, {});
        await site.post(`/api/jobs/${of.job.id}/retry`, {});
        const job = await claimJob(master, "w2");
        const next = { ...of, worker_id: "w2", job };
        expect(await beginUpload(next, { size: 1000 })).toMatchObject({ status: 200 });
        expect(await beginUpload(of, { size: 1000 })).toMatchObject({ status: 409, error: "stale_attempt" });
        // Nothing but the head is sent: whoever waited for the body would wait for ever.
        expect(await sayHead(of, MOST_PIECE_BYTES)).toMatch(/^HTTP\/1\.1 409 [\s\S]*"stale_attempt"/);
        expect(await sayHead({ ...of, job: { ...of.job, id: "zzz" } }, 10)).toMatch(/^HTTP\/1\.1 404 /);
        expect(await readdir(join(site.converted, ".vc"))).toContain(job.staging);
        await sendPiece(next, 0, part(0, 1000));
        const handed = await handIn(next, { size: 1000, sha256: sha256Of(part(0, 1000)) });
        expect(handed.body.status).toBe("completed");
      },
      { queue: { retry_delay: "0" } },
    ));
});

test("what a dead upload has left behind is swept away, and no other's", () =>
  withClaim(SOURCE, async (scene) => {
    const { site, master, of } = scene;
    await site.film("b.mkv");
    await master.scan();
    const second = { ...of, job: await claimJob(master, "w1") };
    for (const one of [of, second]) {
      await beginUpload(one, { size: 1000 });
      await sendPiece(one, 0, part(0, 1000));
    }
    await site.post(`/api/jobs/${of.job.id}/cancel`, {});
    await master.stop();
    await site.start();
    await until("the sweep was there", async () => !(await Bun.file(staged(scene)).exists()));
    expect(await readFile(staged(scene, second.job.staging))).toEqual(part(0, 1000));
  }));

describe("turns", () => {
  test("of a worker that sends nothing are left to the others, but for one", () =>
    withClaim(
      SOURCE,
      async ({ site, master, of }) => {
        await site.film("b.mkv");
        await master.scan();
        const second = { ...of, worker_id: "w2", job: await claimJob(master, "w2") };
        for (const one of [of, second]) await beginUpload(one, { size: 1000 });
        const stuck = [1, 2, 3].map(() => openHead(of, 1000));
        await site.call("/healthz");
        expect((await sendPiece(second, 0, part(0, 1000))).status).toBe(204);
        for (const socket of stuck) socket.destroy();
        expect((await sendPiece(of, 0, part(0, 1000))).status).toBe(204);
      },
      { server: { max_transfers: 2 } },
    ));

  test("are given back by whoever hangs up, is refused or is done", () =>
    withClaim(
      SOURCE,
      async ({ site, of }) => {
        await beginUpload(of, { size: 1000 });
        for (let n = 0; n < 3; n++) {
          const stuck = openHead(of, 1000);
          await site.call("/healthz");
          stuck.destroy();
          const stop = new AbortController();
          const given_up = getSource(of, "bytes=0-", { signal: stop.signal }).catch(() => null);
          stop.abort();
          await given_up;
          const headers = { "Piece-XXH3": pieceHash(part(0, 9)) };
          expect((await sendPiece(of, 0, part(0, 10), { headers })).error).toBe("corrupt_piece");
          expect((await getSource(of, "bytes=0-")).bytes).toEqual(SOURCE);
        }
        expect((await sendPiece(of, 0, part(0, 1000))).status).toBe(204);
      },
      { server: { max_transfers: 1 } },
    ));

  test("are given back where the file was taken away, also while a piece comes", () =>
    withClaim(
      SOURCE,
      async (scene) => {
        const { of } = scene;
        const bytes = part(0, 1000);
        await beginUpload(of, { size: bytes.length });
        const coming = openHead(of, bytes.length, pieceHash(bytes));
        await until("the file is open", () => isOpen(staged(scene)));
        await rm(staged(scene));
        coming.write(bytes);
        expect(await answerOf(coming)).toMatch(/^HTTP\/1\.1 409 [\s\S]*"unknown_upload"/);
        for (let n = 0; n < 3; n++) expect(await sayHead(of, 1000)).toContain('"unknown_upload"');
        expect(await beginUpload(of, { size: bytes.length })).toMatchObject({ offset: 0 });
        expect((await sendPiece(of, 0, bytes)).status).toBe(204);
        expect(await readFile(staged(scene))).toEqual(bytes);
      },
      { server: { max_transfers: 1 } },
    ));

  test("and a limit of bytes a second change nothing of what travels", () =>
    withClaim(
      film,
      async ({ of }) => {
        await uploadAll(of, film);
        const pieces = await Promise.all(
          [0, 1, 2].map((n) => getSource(of, `bytes=${n * 100_000}-${(n + 1) * 100_000 - 1}`)),
        );
        expect(Buffer.concat(pieces.map(({ bytes }) => bytes))).toEqual(film);
        expect((await handIn(of, { size: film.length, sha256: sha256Of(film) })).body.status).toBe(
          "completed",
        );
      },
      { server: { max_transfers: 1, bandwidth_limit: "1M" } },
    ));
});

/** Sends the head of a piece and none of its bytes, and returns what is answered. */
function sayHead(of: Caller, length: number): Promise<string> {
  return answerOf(openHead(of, length));
}

async function answerOf(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once("data", (bytes) => resolve(bytes.toString()));
  socket.once("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Whether the master, which runs in this process, has a file open; always where only Linux could tell. */
async function isOpen(path: string): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const all = await readdir("/proc/self/fd");
  const links = await Promise.all(all.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.includes(path);
}

function openHead(
  { url, worker_id, job }: Caller,
  length: number,
  hash = pieceHash(new Uint8Array()),
): Socket {
  const path = bytePath("output", { worker_id, job_id: job.id, attempt: job.attempt, staging: job.staging });
  const head = [
    `PATCH ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Content-Type: ${PIECE_TYPE}`,
    "Upload-Offset: 0",
    `Piece-XXH3: ${hash}`,
    `Content-Length: ${length}`,
  ];
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return socket;
}

describe("a hand-in that tells its SHA-256", () => {
  const lies: [string, (scene: Scene) => Promise<{ size: number; sha256: string }>, string, RegExp][] = [
    [
      "is refused for other bytes",
      async () => ({ size: film.length, sha256: sha256Of(part(0, 10)) }),
      "verification_failed",
      /SHA-256/,
    ],
    [
      "is refused for bytes that were changed on the disk",
      async (scene) => {
        const bytes = await readFile(staged(scene));
        bytes[1000] = (bytes[1000] ?? 0) ^ 1;
        await writeFile(staged(scene), bytes);
        return { size: film.length, sha256: sha256Of(film) };
      },
      "verification_failed",
      /SHA-256/,
    ],
    [
      "is refused without the file",
      async (scene) => {
        await rm(staged(scene));
        return { size: film.length, sha256: sha256Of(film) };
      },
      "output_missing",
      /does not exist/,
    ],
    [
      "is refused for another size",
      async (scene) => {
        await truncate(staged(scene), film.length - 1);
        return { size: film.length, sha256: sha256Of(part(0, film.length - 1)) };
      },
      "output_missing",
      /299999 bytes/,
    ],
  ];
  test.each(lies)("%s: nothing is published, nothing is left", (_, lie, reason, message) =>
    withClaim(SOURCE, async (scene) => {
      const { site, of } = scene;
      await uploadAll(of, film);
      const told = await lie(scene);
      expect(await handIn(of, told)).toEqual({ status: 200, body: { ok: true, status: "pending" } });
      const job = await jobOf(scene);
      expect(job).toMatchObject({ status: "pending", reason, retry_count: 1 });
      expect(String(job.error_message)).toMatch(message);
      expect((await readdir(site.converted)).filter((name) => name !== ".vc")).toEqual([]);
      expect((await readdir(join(site.converted, ".vc"))).filter((name) => name.includes("partial"))).toEqual(
        [],
      );
    }),
  );

  test("is accepted in capitals, too, for subtitles beside the film, and needs none", () =>
    withClaim(SOURCE, async ({ site, of }) => {
      await uploadAll(of, film);
      const staging = `${of.job.staging}.1.sup`;
      await beginUpload(of, { size: 5, staging });
      await sendPiece(of, 0, part(0, 5), { staging });
      const film_output = { staging: of.job.staging, role: "film", extension: "mp4", size: film.length };
      const outputs = [
        { ...film_output, sha256: sha256Of(film).toUpperCase() },
        { staging, role: "subtitle", extension: "sup", label: "ger", size: 5 },
      ];
      const { id: job_id, attempt } = of.job;
      const call = { worker_id: "w1", job_id, attempt, outputs };
      expect((await site.post("/api/worker/job-complete", call)).body.status).toBe("completed");
      expect((await readdir(join(site.converted, "a"))).toSorted()).toEqual(["film.ger.sup", "film.mp4"]);
    }));
});

const mount = async (...args: string[]) => (await Bun.spawn(args, { stderr: "ignore" }).exited) === 0;
const canMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-mount-"));
  const mounted = await mount("mount", "-t", "tmpfs", "tmpfs", folder);
  if (mounted) await mount("umount", folder);
  await rm(folder, { recursive: true });
  return mounted;
})();

const MB = 1024 ** 2;

testOr(canMount ? null : "needs the right to mount", "room is kept for what is to come, and given back", () =>
  withSmallDisk(10 * MB, async (scene) => {
    const { site, master, of } = scene;
    const second = { ...of, worker_id: "w2", job: await claimJob(master, "w2") };
    expect(await beginUpload(of, { size: 11 * MB })).toMatchObject({ status: 507, error: "storage_full" });
    // Both at once: one of them.
    const beside = [of.job.staging, `${of.job.staging}.1.sup`];
    const both = await Promise.all(beside.map((staging) => beginUpload(of, { size: 6 * MB, staging })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 507]);
    expect(await beginUpload(of, { size: 0, staging: `${of.job.staging}.1.sup` })).toMatchObject({
      status: 200,
    });
    expect(await beginUpload(of, { size: 6 * MB })).toMatchObject({ status: 200 });
    const full = await beginUpload(second, { size: 6 * MB });
    expect(full).toMatchObject({ status: 507, error: "storage_full" });
    expect(full.message).toMatch(/room for \d MiB more, and 6 MiB are to come/);
    expect(await beginUpload(second, { size: 3 * MB })).toMatchObject({ status: 200 });
    // What grows beyond what was expected needs room of its own.
    const bytes = new Uint8Array(2 * MB);
    expect((await sendPiece(second, 0, bytes)).status).toBe(204);
    expect((await sendPiece(second, 2 * MB, bytes)).error).toBe("storage_full");
    expect((await sendPiece(second, 2 * MB, bytes.subarray(0, MB))).status).toBe(204);
    await site.post(`/api/jobs/${of.job.id}/cancel`, {});
    expect((await sendPiece(second, 3 * MB, bytes)).status).toBe(204);
  }),
);

testOr(
  canMount ? null : "needs the right to mount",
  "a disk that fills up by others' hands harms no upload",
  () =>
    withSmallDisk(10 * MB, async (scene) => {
      const { site, of } = scene;
      await beginUpload(of, { size: 4 * MB });
      await sendPiece(of, 0, film);
      const filler = join(site.converted, "filler");
      await Bun.spawn(["dd", "if=/dev/zero", `of=${filler}`, "bs=64k"], { stderr: "ignore" }).exited;
      const refused = await sendPiece(of, film.length, new Uint8Array(2 * MB));
      expect([refused.status, refused.error]).toEqual([507, "storage_full"]);
      await rm(filler);
      expect(await beginUpload(of, { size: 4 * MB })).toMatchObject({ offset: film.length });
      expect(await readFile(staged(scene))).toEqual(film);
      expect((await sendPiece(of, film.length, new Uint8Array(2 * MB))).status).toBe(204);
    }),
);

testOr(canMount ? null : "needs the right to mount", "a wrong word keeps no disk from others", () =>
  withSmallDisk(600 * MB, async (scene) => {
    const { of, master } = scene;
    const second = { ...of, worker_id: "w2", job: await claimJob(master, "w2") };
    const { id, attempt } = of.job;
    const names = [of.job.staging, `${id}.${attempt}.partial.mp4.1.sup`];
    for (const staging of names)
      expect(await beginUpload(of, { size: 250 * MB, staging, final: true })).toMatchObject({ status: 200 });
    expect(await beginUpload(second, { size: 1e15 })).toMatchObject({ status: 507, error: "storage_full" });
    // Of a film of some KB 256 MiB are plausible, however many files are told of.
    expect(await beginUpload(second, { size: 330 * MB, final: true })).toMatchObject({ status: 200 });
  }),
);

testOr(canMount ? null : "needs the right to mount", "a finished film goes before what is still made", () =>
  withSmallDisk(10 * MB, async (scene) => {
    const { of, master } = scene;
    const second = { ...of, worker_id: "w2", job: await claimJob(master, "w2") };
    const bytes = new Uint8Array(4 * MB);
    expect(await beginUpload(of, { size: 9 * MB })).toMatchObject({ status: 200 });
    expect(await beginUpload(second, { size: 6 * MB })).toMatchObject({ status: 507 });
    expect(await beginUpload(second, { size: 6 * MB, final: true })).toMatchObject({ status: 200 });
    expect((await sendPiece(of, 0, bytes.subarray(0, 3 * MB))).status).toBe(204);
    // It was promised before, and is kept for the finished one now.
    expect((await sendPiece(of, 3 * MB, bytes.subarray(0, 2 * MB))).error).toBe("storage_full");
    expect((await sendPiece(second, 0, bytes)).status).toBe(204);
    expect((await sendPiece(second, 4 * MB, bytes.subarray(0, 2 * MB))).status).toBe(204);
  }),
);

/** A claim, whose master's disk of results has so much room for uploads; a second film waits. */
function withSmallDisk(room_bytes: number, use: (scene: Scene) => Promise<void>): Promise<void> {
  const size = KEPT_FREE + room_bytes;
  return withClaim(SOURCE, async (scene) => {
    const { site, master } = scene;
    await master.stop();
    await mkdir(site.converted, { recursive: true });
    await mount("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", site.converted);
    try {
      await site.film("b.mkv");
      const again = await site.start();
      await again.scan();
      await use({ ...scene, master: again, of: { ...scene.of, url: again.url } });
      await again.stop();
    } finally {
      await mount("umount", "-l", site.converted);
    }
  });
}
