import { VcError } from "../../src/shared/errors.ts";
import type { World } from "./world.ts";

/** The calls that a simulated worker makes. */
export type Call =
  | "register"
  | "next_job"
  | "job_progress"
  | "heartbeat"
  | "control"
  | "job_complete"
  | "job_failed";
export type Respond = (answer: { reply: unknown } | { error: VcError }) => void;
export type Server = { handle: (call: Call, input: never, respond: Respond) => void };

const TIMEOUT_MS = 5000;

export type Send = (call: Call, input: object, respond: Respond) => void;

/** Loses, delays and repeats messages, both ways; the sender gives up after a while and hears of nothing later. */
export function createNetwork(world: World, server: Server, options: { repeats: boolean }): Send {
  const { random, timeline } = world;
  const delay = () => {
    if (!world.faulty || random.chance(0.8)) return random.between(10, 200);
    return options.repeats && random.chance(0.1) ? random.between(5000, 40_000) : random.between(200, 4000);
  };
  return (call, input, respond) => {
    let answered = false;
    const once: Respond = (answer) => {
      if (answered) return;
      answered = true;
      respond(answer);
    };
    const lose = () => {
      const lost = world.faulty && random.chance(0.1);
      if (lost) world.count("fault: message lost");
      return lost;
    };
    const deliver = () =>
      server.handle(call, input as never, (answer) => {
        if (!lose()) timeline.after(delay(), () => once(answer));
      });
    if (!lose()) timeline.after(delay(), deliver);
    if (world.faulty && options.repeats && random.chance(0.1)) {
      world.count("fault: message repeated");
      timeline.after(delay(), deliver);
    }
    timeline.after(TIMEOUT_MS, () => once({ error: new VcError("unreachable", "No answer in time.") }));
  };
}
