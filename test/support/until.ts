/**
 * Asks again and again until the answer is neither null, undefined nor false, and returns it.
 * Throws an Error that names `what` after `deadline_ms` (default two minutes: only a broken program gets there).
 * An error of `probe` counts as no answer, and is told at the end.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadline_ms = 120_000, every_ms = 100 } = {},
): Promise<Exclude<T, null | undefined | false>> {
  const end = performance.now() + deadline_ms;
  let last: unknown = "no answer";
  while (performance.now() < end) {
    try {
      const answer = await probe();
      if (answer !== null && answer !== undefined && answer !== false)
        return answer as Exclude<T, null | undefined | false>;
      last = answer;
    } catch (error) {
      last = error;
    }
    await Bun.sleep(every_ms);
  }
  throw new Error(
    `waited ${deadline_ms / 1000} s in vain until ${what}; the last answer: ${Bun.inspect(last)}`,
  );
}
