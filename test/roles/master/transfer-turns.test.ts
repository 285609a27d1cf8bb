import { expect, test } from "bun:test";
import { createTurns } from "../../../src/roles/master/transfer-turns.ts";

/** Asks for turns in this order and, one after the other, ends each that is taken; returns the order of the starts. */
async function orderOf(most: number, asked: string[]): Promise<string[]> {
  const turns = createTurns(most);
  const started: { name: string; end: () => void }[] = [];
  const { signal } = new AbortController();
  const all = asked.map(async (name) => {
    const end = await turns.take(name.slice(0, 1), signal);
    started.push({ name, end });
  });
  for (let at = 0; at < asked.length; at++) {
    await Bun.sleep(0);
    started[at]?.end();
  }
  await Promise.all(all);
  return started.map(({ name }) => name);
}

test.each<[string, number, string[], string[]]>([
  ["one worker comes in its order", 1, ["a1", "a2", "a3"], ["a1", "a2", "a3"]],
  ["workers come round robin", 1, ["a1", "a2", "a3", "b1", "b2", "c1"], ["a1", "a2", "b1", "c1", "a3", "b2"]],
  [
    "who comes late waits no longer than a round",
    1,
    ["a1", "a2", "a3", "a4", "b1"],
    ["a1", "a2", "b1", "a3", "a4"],
  ],
  ["one worker leaves the last turn to others", 2, ["a1", "a2", "a3", "b1"], ["a1", "b1", "a2", "a3"]],
])("%s", async (_, most, asked, order) => expect(await orderOf(most, asked)).toEqual(order));

test("no more turns are taken than there are, and each is given back once", async () => {
  const turns = createTurns(3);
  const { signal } = new AbortController();
  const taken = [await turns.take("a", signal), await turns.take("a", signal), await turns.take("b", signal)];
  const late = ["a", "b", "c"].map((name) => turns.take(name, signal));
  expect(turns.counts()).toEqual({ taken: 3, waiting: 3 });
  taken[2]?.();
  taken[2]?.();
  await Promise.race(late);
  expect(turns.counts()).toEqual({ taken: 3, waiting: 2 });
  for (const end of taken) end();
  for (const end of await Promise.all(late)) end();
  expect(turns.counts()).toEqual({ taken: 0, waiting: 0 });
});

test("who hangs up leaves the line, and takes no turn", async () => {
  const turns = createTurns(1);
  const stay = new AbortController();
  const gone = new AbortController();
  const end = await turns.take("a", stay.signal);
  const left = turns.take("b", gone.signal).catch((error: unknown) => String(error));
  const next = turns.take("b", stay.signal);
  gone.abort(new Error("hung up"));
  expect(await left).toContain("hung up");
  expect(turns.counts()).toEqual({ taken: 1, waiting: 1 });
  await expect(turns.take("c", gone.signal)).rejects.toThrow("hung up");
  end();
  (await next)();
  expect(turns.counts()).toEqual({ taken: 0, waiting: 0 });
});
