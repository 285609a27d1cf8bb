import type { Input, Reply } from "../../shared/protocol.ts";

export type Claim = Reply<"next_job">;
type ClaimCall = (input: Input<"next_job">, signal: AbortSignal) => Promise<Claim>;
type Caller = { input: Input<"next_job">; signal: AbortSignal; wait_ms: number };
type Waiter = Caller & {
  /** A claim for it is under way: it may not leave, or what it is given would be lost. */
  claiming: boolean;
  leaving: boolean;
  settle(outcome: { reply: Claim } | { error: unknown }): void;
};

/** How many callers are tried for one piece of news before it counts as somebody else's. */
const TRIES = 8;
const LARGEST_WAVE = 64;

/**
 * Callers that wait for work, first come, first served. News wakes the first; only when that one got a job are
 * the next ones woken (twice as many each time), so a thousand idle workers cost nothing. Nobody is woken where
 * `mayBeWork` says that nothing is left. `news()` counts the wakings: who finds it changed since an own claim in vain
 * has missed one.
 */
export function createWaitingLine(claim: ClaimCall, mayBeWork: () => boolean) {
  const waiting = new Set<Waiter>();
  let news = 0;
  let busy = false;

  async function serve(): Promise<void> {
    busy = true;
    let vain = 0;
    let size = 1;
    while (vain < Math.min(TRIES, waiting.size) && mayBeWork()) {
      const before = news;
      const wave = takeToTheEnd(waiting, size);
      const got = (await Promise.all(wave.map((waiter) => tryClaim(waiter, claim)))).filter(Boolean).length;
      // Who was refused or left is no sign that there is nothing more.
      const stayed = wave.filter((waiter) => waiting.has(waiter)).length;
      vain = got > 0 || news !== before ? 0 : vain + stayed;
      size = got === wave.length ? Math.min(size * 2, LARGEST_WAVE) : 1;
    }
    busy = false;
  }

  return {
    news: () => news,
    wake() {
      news += 1;
      if (!busy) void serve();
    },
    /** Sends away one worker's callers, or all, with nothing. */
    dismiss(worker_id?: string) {
      for (const waiter of [...waiting]) {
        if (worker_id === undefined || waiter.input.worker_id === worker_id) leave(waiter);
      }
    },
    join: (caller: Caller): Promise<Claim> =>
      new Promise((resolve, reject) => {
        const giveUp = () => leave(waiter);
        const timer = setTimeout(giveUp, caller.wait_ms);
        const settle: Waiter["settle"] = (outcome) => {
          waiting.delete(waiter);
          clearTimeout(timer);
          caller.signal.removeEventListener("abort", giveUp);
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.reply);
        };
        const waiter: Waiter = { ...caller, claiming: false, leaving: false, settle };
        caller.signal.addEventListener("abort", giveUp);
        waiting.add(waiter);
        if (caller.signal.aborted) giveUp();
      }),
  };
}

/** Who is tried in vain stands at the end, so that one who may not claim (draining) blocks nobody. */
function takeToTheEnd(waiting: Set<Waiter>, size: number): Waiter[] {
  const wave = [...waiting.values().take(size)];
  for (const waiter of wave) {
    waiting.delete(waiter);
    waiting.add(waiter);
  }
  return wave;
}

async function tryClaim(waiter: Waiter, claim: ClaimCall): Promise<boolean> {
  waiter.claiming = true;
  try {
    const reply = await claim(waiter.input, waiter.signal);
    waiter.claiming = false;
    if (reply !== null) waiter.settle({ reply });
    else if (waiter.leaving) leave(waiter);
    return reply !== null;
  } catch (error) {
    waiter.settle({ error });
    return false;
  }
}

function leave(waiter: Waiter): void {
  waiter.leaving = true;
  if (!waiter.claiming) waiter.settle({ reply: null });
}
