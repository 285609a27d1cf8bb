import type { Input, Reply } from "../../shared/protocol.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Transact } from "./transact.ts";
import { type Claim, createWaitingLine } from "./waiting-line.ts";

/** Calls that wait: for work, or for a word to a worker. */
export type LongPoll = {
  nextJob(input: Input<"next_job">, signal: AbortSignal): Promise<Claim>;
  control(input: Input<"control">, signal: AbortSignal): Promise<Reply<"control">>;
  /** Ends every wait at once; later calls do not wait. */
  stop(): void;
};

/** Nothing is claimed for a caller that has hung up. */
export function createLongPoll(of: { coordinator: Coordinator; transact: Transact }): LongPoll {
  const { coordinator, transact } = of;
  const claim = (input: Input<"next_job">, signal: AbortSignal): Promise<Claim> =>
    transact((now) => (signal.aborted ? null : coordinator.claim(input, now)));
  const line = createWaitingLine(claim);
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
      const rung = bells.listen({ worker_id: input.worker_id, wait_ms: input.wait_ms ?? 0, signal });
      const reply = await ask();
      if (stopped || input.seen === undefined || reply.version !== input.seen) rung.forget();
      else if ((await rung.promise) && !signal.aborted) return ask();
      return reply;
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
  return {
    ring(worker_id?: string) {
      const rung = worker_id === undefined ? [...listeners.values()] : [listeners.get(worker_id) ?? []];
      for (const listener of rung.flatMap((set) => [...set])) listener();
    },
    listen(of: { worker_id: string; wait_ms: number; signal: AbortSignal }) {
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
      of.signal.addEventListener("abort", forget);
      return { promise, forget };
    },
  };
}
