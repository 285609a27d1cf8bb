import { expect, test } from "bun:test";
import { createTurns } from "../../../src/roles/worker/turns.ts";

test("turns come one at a time, in the order of asking, also when they are ended twice or before they begin", async () => {
  const turns = createTurns();
  const begun: string[] = [];
  const ask = (name: string) => {
    const turn = turns.ask();
    void turn.begun.then(() => begun.push(name));
    return turn;
  };
  const [a, b, c, d] = [ask("a"), ask("b"), ask("c"), ask("d")];
  await a.begun;
  b.end();
  expect(begun).toEqual(["a"]);
  a.end();
  a.end();
  await c.begun;
  expect(begun).toEqual(["a", "c"]);
  c.end();
  await d.begun;
  d.end();
  await ask("e").begun;
  expect(begun).toEqual(["a", "c", "d", "e"]);
});
