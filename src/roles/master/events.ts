import type { Coordinator } from "./coordinator.ts";
import type { Page } from "./http.ts";

type Source = Pick<Coordinator, "subscribe">;

/** Less than the usual idle limits of proxies. */
const HEARTBEAT_MS = 15_000;
/** What may wait for a reader before it counts as too slow and is dropped; it can connect and read again. */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * GET /api/events: what happens, as server-sent events named job, progress and worker, each with the record as
 * JSON. `stop` ends every stream.
 */
export function createEvents(coordinator: Source): { page: Page; stop(): void } {
  const streams = new Set<() => void>();
  const answer = (signal: AbortSignal) => {
    const body = eventStream(coordinator, signal, streams);
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
  return {
    page: { path: "/api/events", answer },
    stop() {
      for (const end of [...streams]) end();
    },
  };
}

function eventStream(coordinator: Source, signal: AbortSignal, streams: Set<() => void>) {
  let forget = (): boolean => false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const encoder = new TextEncoder();
        const send = (text: string) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
          else if (forget()) controller.error(new Error("the reader of /api/events was too slow"));
        };
        const heartbeat = setInterval(() => send(": still here\n\n"), HEARTBEAT_MS);
        const unsubscribe = coordinator.subscribe((event) => {
          const record = recordOf(event);
          if (record !== null) send(`event: ${event.type}\ndata: ${JSON.stringify(record)}\n\n`);
        });
        const end = () => {
          if (forget()) controller.close();
        };
        forget = () => {
          clearInterval(heartbeat);
          unsubscribe();
          signal.removeEventListener("abort", end);
          return streams.delete(end);
        };
        streams.add(end);
        signal.addEventListener("abort", end);
        send(": connected\n\n");
      },
      cancel: () => void forget(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BACKLOG_BYTES }),
  );
}

type Event = Parameters<Parameters<Coordinator["subscribe"]>[0]>[0];

function recordOf(event: Event): unknown {
  if (event.type === "job") return event.job;
  if (event.type === "worker") return event.worker;
  if (event.type === "progress") return { worker_id: event.worker_id, held: event.held };
  return null;
}
