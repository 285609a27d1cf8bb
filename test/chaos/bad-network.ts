import type { Socket } from "bun";
import type { Random } from "../sim/random.ts";

/** What happens to new connections: passed on; delayed; cut after some bytes; swallowed for ever; each request sent twice. */
export const MOODS = ["pass", "delay", "cut", "blackhole", "repeat"] as const;
export type Mood = (typeof MOODS)[number];

export type BadNetwork = { url: string; mood(mood: Mood): void; stop(): void };

type Pipe = { far: Socket<unknown> | null; waiting: Uint8Array[]; mood: Mood; left: number; ended: boolean };

/** A network between workers and the master that can be made bad, connection by connection. */
export function startBadNetwork(of: { port: number; random: Random }): BadNetwork {
  let now: Mood = "pass";
  const pipes = new Set<{ near: Socket<Pipe>; pipe: Pipe }>();

  const server = Bun.listen<Pipe>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(near) {
        // The shortest cut hits the request's head, the longest the answer to a claim.
        const left = now === "cut" ? of.random.between(1, 4000) : Number.POSITIVE_INFINITY;
        const pipe: Pipe = { far: null, waiting: [], mood: now, left, ended: false };
        near.data = pipe;
        pipes.add({ near, pipe });
        if (pipe.mood !== "blackhole") void connect(near, pipe);
      },
      data(near, bytes) {
        const pipe = near.data;
        if (pipe.mood === "blackhole") return;
        if (pipe.mood === "repeat") void sendAgain(of.port, Uint8Array.from(bytes));
        if (!spend(near, pipe, bytes.length)) return;
        if (pipe.far === null) pipe.waiting.push(Uint8Array.from(bytes));
        else pipe.far.write(bytes);
      },
      close: (near) => end(near),
      error: (near) => end(near),
    },
  });

  async function connect(near: Socket<Pipe>, pipe: Pipe): Promise<void> {
    if (pipe.mood === "delay") await Bun.sleep(of.random.between(50, 1500));
    const far = await Bun.connect({
      hostname: "127.0.0.1",
      port: of.port,
      socket: {
        data: (_, bytes) => void (spend(near, pipe, bytes.length) && near.write(bytes)),
        close: () => void near.end(),
        error: () => void near.end(),
      },
    }).catch(() => null);
    if (far === null || pipe.ended) {
      far?.end();
      near.end();
      return;
    }
    for (const bytes of pipe.waiting) far.write(bytes);
    pipe.far = far;
  }

  return {
    url: `http://127.0.0.1:${server.port}`,
    mood(mood) {
      now = mood;
      // Clients keep their connections: each has to make a new one, which then meets the mood.
      for (const { near } of pipes) near.terminate();
      pipes.clear();
    },
    stop: () => server.stop(true),
  };
}

/** False when the connection has had all that it may; it is cut then, in both directions at once. */
function spend(near: Socket<Pipe>, pipe: Pipe, bytes: number): boolean {
  pipe.left -= bytes;
  if (pipe.left > 0) return true;
  pipe.far?.terminate();
  near.terminate();
  return false;
}

function end(near: Socket<Pipe>): void {
  near.data.ended = true;
  near.data.far?.end();
}

/** The same request once more, as a network that repeats messages would deliver it; nobody hears the answer. */
async function sendAgain(port: number, bytes: Uint8Array): Promise<void> {
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (again) => void again.end(), error: () => undefined },
  }).catch(() => null);
  socket?.write(bytes);
}
