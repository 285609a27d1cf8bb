import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import type { Tried } from "../../ffmpeg/trial.ts";
import type { Outcome } from "../../ffmpeg/trial-run.ts";
import { fileTrouble } from "../../shared/errors.ts";

/** What trials showed, in a file: answers by the trial's key, all for one ffmpeg (`key`). */
const Memory = v.object({
  key: v.string(),
  answers: v.record(
    v.string(),
    v.object({
      why: v.nullable(v.string()),
      said: v.nullable(v.string()),
      hung: v.boolean(),
      /** RFC 3339. */
      tried_at: v.string(),
    }),
  ),
});
type Memory = v.InferOutput<typeof Memory>;

type Place = { file: string; key: string };

/**
 * Earlier answers for this ffmpeg. What failed on a GPU is forgotten after a day: the GPU may have been busy, or its
 * memory full. `fresh` forgets everything.
 */
export async function recallTrials(
  { file, key }: Place,
  { fresh }: { fresh: boolean },
): Promise<ReadonlyMap<string, Outcome>> {
  const memory = fresh ? null : await read(file);
  if (memory?.key !== key) return new Map();
  const since = Date.now() - RETRY_MS;
  const lasting = Object.entries(memory.answers).filter(
    ([, { why, tried_at }]) => why === null || Date.parse(tried_at) > since,
  );
  return new Map(lasting);
}

/**
 * Adds what was run just now. Resolves with why it cannot be kept, or null: all of it is then tried again at the next
 * start, which may take a minute.
 */
export async function rememberTrials({ file, key }: Place, tried: Tried[]): Promise<string | null> {
  const news = tried.filter(({ ran }) => ran);
  if (news.length === 0) return null;
  const before = await read(file);
  const tried_at = new Date().toISOString();
  const answers = {
    ...(before?.key === key ? before.answers : {}),
    ...Object.fromEntries(news.map((one) => [one.key, { ...one.outcome, tried_at }])),
  };
  try {
    await mkdir(dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, JSON.stringify({ key, answers } satisfies Memory));
    await rename(draft, file);
    return null;
  } catch (error) {
    return fileTrouble(error);
  }
}

const RETRY_MS = 24 * 60 * 60 * 1000;

async function read(file: string): Promise<Memory | null> {
  try {
    return v.parse(Memory, JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null;
  }
}
