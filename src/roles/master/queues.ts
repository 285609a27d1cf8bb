/** Runs what is asked for one name in its order, each after the one before has ended, however it ended. */
export function createQueues(): <T>(name: string, act: () => Promise<T>) => Promise<T> {
  const ends = new Map<string, Promise<unknown>>();
  return async (name, act) => {
    const before = ends.get(name);
    const done = before === undefined ? act() : before.then(act, act);
    ends.set(name, done);
    try {
      return await done;
    } finally {
      if (ends.get(name) === done) ends.delete(name);
    }
  };
}
