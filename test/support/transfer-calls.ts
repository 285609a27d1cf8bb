import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Master } from "../../src/roles/master/index.ts";
import type { ByteRoute } from "../../src/shared/endpoints-transfer.ts";
import { bytePath } from "../../src/shared/endpoints-transfer.ts";
import { HASH_HEADER, OFFSET_HEADER, PIECE_TYPE, pieceHash } from "../../src/shared/transfer.ts";
import { claimJob, type MasterSite, withMasterSite } from "./master-test.ts";

/** The calls of a worker without a mount, as the wire has them. */

export const HOUR_AGO_S = Math.floor(Date.now() / 1000) - 3600;
export type Scene = { site: MasterSite; master: Master; of: Caller };

/** A master with one film, whose job worker w1 has claimed. */
export function withClaim(
  content: Uint8Array,
  use: (scene: Scene) => Promise<void>,
  sections = {},
): Promise<void> {
  return withMasterSite(async (site) => {
    const path = join(site.films, "a/film.mkv");
    await mkdir(join(site.films, "a"));
    await writeFile(path, content);
    await utimes(path, HOUR_AGO_S, HOUR_AGO_S);
    const master = await site.start(sections);
    await master.scan();
    const job = await claimJob(master, "w1");
    await use({ site, master, of: { url: master.url, worker_id: "w1", job } });
  });
}

export type Claimed = { id: string; attempt: number; staging: string };
type Answer = { status: number; error: string | null; message: string; headers: Headers; bytes: Buffer };
export type Caller = { url: string; worker_id: string; job: Claimed; token?: string };

/** Asks for a piece of the source; `range` null sends no Range. */
export function getSource(
  of: Caller,
  range: string | null,
  { method = "GET", signal }: { method?: string; signal?: AbortSignal } = {},
): Promise<Answer> {
  const headers = { ...credentials(of), ...(range === null ? {} : { range }) };
  return ask(of, "source", {}, { method, headers, ...(signal === undefined ? {} : { signal }) });
}

/** Sends a piece of the result; headers that are given replace the right ones, and null leaves one out. */
export function sendPiece(
  of: Caller,
  offset: number,
  bytes: Uint8Array,
  more: { rewrite?: boolean; staging?: string; headers?: Record<string, string | null> } = {},
): Promise<Answer> {
  const right = {
    ...credentials(of),
    "Content-Type": PIECE_TYPE,
    [OFFSET_HEADER]: String(offset),
    [HASH_HEADER]: pieceHash(bytes),
  };
  const named = Object.entries({ ...right, ...more.headers });
  const headers = Object.fromEntries(named.filter((pair): pair is [string, string] => pair[1] !== null));
  const query = { staging: more.staging ?? of.job.staging, ...(more.rewrite ? { rewrite: "1" } : {}) };
  return ask(of, "output", query, { method: "PATCH", headers, body: Buffer.from(bytes) });
}

/** Begins an upload, or goes on with it. */
export async function beginUpload(
  of: Caller,
  more: { size: number; final?: boolean; staging?: string },
): Promise<{ status: number; offset: number; error: string | null; message: string }> {
  const { id: job_id, attempt, staging } = of.job;
  const body = JSON.stringify({ worker_id: of.worker_id, job_id, attempt, staging, ...more });
  const headers = credentials(of);
  const response = await fetch(`${of.url}/api/worker/upload`, { method: "POST", body, headers });
  const { offset = -1, error = null, message = "" } = (await response.json()) as Record<string, never>;
  return { status: response.status, offset, error, message };
}

/** Hands a result in whose film has this size and SHA-256. */
export async function handIn(
  of: Caller,
  film: { size: number; sha256?: string },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { id: job_id, attempt, staging } = of.job;
  const outputs = [{ staging, role: "film", extension: "mp4", ...film }];
  const body = JSON.stringify({ worker_id: of.worker_id, job_id, attempt, outputs });
  const init = { method: "POST", body, headers: credentials(of) };
  const response = await fetch(`${of.url}/api/worker/job-complete`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function credentials({ token }: Caller): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function ask(
  of: Caller,
  route: ByteRoute,
  query: { staging?: string; rewrite?: string },
  init: RequestInit,
): Promise<Answer> {
  const { id: job_id, attempt } = of.job;
  const input = { worker_id: of.worker_id, job_id, attempt: String(attempt), staging: "", ...query };
  const response = await fetch(of.url + bytePath(route, input as never), init);
  const bytes = Buffer.from(await response.arrayBuffer());
  const refused = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const { error = null, message = "" } = refused && bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
  return { status: response.status, error, message, headers: response.headers, bytes };
}

/** SHA-256 as hex. */
export function sha256Of(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
