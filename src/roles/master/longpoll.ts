import { crashPoint } from "../../shared/crash-point.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Transact } from "./transact.ts";
import { type Claim, createWaitingLine } from "./waiting-line.ts";

/** Calls that wait: for work, or for a word to a worker. */
export type LongPoll = {
  nextJob(input: Input<"next_job">, signal: AbortSignal): Promise<Claim>;
  control(input: Input<"control">, signal: AbortSignal): Promise<Reply<"control">>;
  /** Whether this process lives: a call of its own that waits is answered, and a live one soon calls again. */
  answers(of: Process): Promise<boolean>;
  /** Ends every wait at once; later calls do not wait. */
  stop(): void;
};

type Process = { worker_id: string; session: string };

/** Long enough for a busy machine far away. */
const ANSWER_MS = 3000;
/** Longer than the pause that our workers make between two such calls (100 ms). */
const PAUSE_MS = 300;

/** Nothing is claimed for a caller that has hung up. */
export function createLongPoll(of: { coordinator: Coordinator; transact: Transact }): LongPoll {
  const { coordinator, transact } = of;
  const claim = async (input: Input<"next_job">, signal: AbortSignal): Promise<Claim> => {
    const claimed = await transact((now) => (signal.aborted ? null : coordinator.claim(input, now)));
    if (claimed !== null) crashPoint("claim.committed");
    return claimed;
  };
  const mayBeWork = () => {
    try {
      return coordinator.hasWork();
    } catch {
      // A claim meets the same trouble, and tells it to whoever waits.
      return true;
    }
  };
  const line = createWaitingLine(claim, mayBeWork);
  const bells = createBells();
  let stopped = false;
  const unsubscribe = coordinator.subscribe((event) => {
    if (event.type === "queued") line.wake();
    if (event.type !== "control") return;
    line.dismiss(event.worker_id);
    bells.ring(event.worker_id);
  });
  return {
    async nextJob(input, signal) {
      const before = line.news();
      const reply = await claim(input, signal);
      const wait_ms = input.wait_ms ?? 0;
      if (reply !== null || wait_ms === 0 || stopped) return reply;
      const waiting = line.join({ input, signal, wait_ms });
      if (line.news() !== before) line.wake();
      return waiting;
    },
    async control(input, signal) {
      const ask = () => transact((now) => coordinator.control(input, now));
      const { worker_id, session } = input;
      const rung = bells.listen({ worker_id, session, wait_ms: input.wait_ms ?? 0, signal });
      try {
        const reply = await ask();
        if (stopped || input.seen === undefined || reply.version !== input.seen) return reply;
        return (await rung.promise) && !signal.aborted ? await ask() : reply;
      } finally {
        rung.forget();
      }
    },
    async answers(of) {
      // One that died has no open call, unless the network hides its death; a live one is seldom without, and briefly.
      const wait_ms = bells.ring(of.worker_id) > 0 ? ANSWER_MS : PAUSE_MS;
      return bells.comes(of, wait_ms);
    },
    stop() {
      stopped = true;
      unsubscribe();
      line.dismiss();
      bells.ring();
    },
  };
}

/** One bell a worker; `promise` is true when it rang, false when the wait was over before. */
function createBells() {
  const listeners = new Map<string, Set<() => void>>();
  const expected = new Set<Process & { come: () => void }>();
  return {
    /** Says how many it woke. */
    ring(worker_id?: string): number {
      const rung = worker_id === undefined ? [...listeners.values()] : [listeners.get(worker_id) ?? []];
      const woken = rung.flatMap((set) => [...set]);
      for (const listener of woken) listener();
      return woken.length;
    },
    /** Whether this process begins to listen within that time. */
    async comes(of: Process, wait_ms: number): Promise<boolean> {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const process = { ...of, come: () => resolve(true) };
      const timer = setTimeout(() => resolve(false), wait_ms);
      expected.add(process);
      const came = await promise;
      clearTimeout(timer);
      expected.delete(process);
      return came;
    },
    listen(of: Process & { wait_ms: number; signal: AbortSignal }) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const own = listeners.get(of.worker_id) ?? new Set();
      listeners.set(of.worker_id, own);
      const finish = (rang: boolean) => {
        clearTimeout(timer);
        own.delete(onRing);
        if (own.size === 0 && listeners.get(of.worker_id) === own) listeners.delete(of.worker_id);
        of.signal.removeEventListener("abort", forget);
        resolve(rang);
      };
      const onRing = () => finish(true);
      const forget = () => finish(false);
      const timer = setTimeout(forget, of.wait_ms);
      own.add(onRing);
      for (const { worker_id, session, come } of expected)
        if (worker_id === of.worker_id && session === of.session) come();
      of.signal.addEventListener("abort", forget);
      return { promise, forget };
    },
  };
}
