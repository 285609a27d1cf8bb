/** One at a time: who asks waits until those before have ended theirs. */
export type Turns = {
  /** Resolves when it is this one's turn; `end`, which may be called at any time, lets the next one in. */
  ask(): { begun: Promise<void>; end: () => void };
};

export function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  let taken = false;
  const next = () => {
    const begin = waiting.shift();
    taken = begin !== undefined;
    begin?.();
  };
  return {
    ask() {
      const { promise, resolve } = Promise.withResolvers<void>();
      let state: "waiting" | "on" | "over" = "waiting";
      const begin = () => {
        state = "on";
        resolve();
      };
      waiting.push(begin);
      if (!taken) next();
      return {
        begun: promise,
        end() {
          const at = waiting.indexOf(begin);
          if (at !== -1) waiting.splice(at, 1);
          const was = state;
          state = "over";
          if (was === "on") next();
        },
      };
    },
  };
}
