import { expect, test } from "bun:test";
import { createPieceOrder } from "../../../src/roles/master/piece-order.ts";

const piece = (offset: number, length: number, staging = "a") => ({ staging, offset, length });

test("a piece follows one that is under way and ends where it begins, in the same file", () => {
  const order = createPieceOrder();
  const { leave } = order.enter(piece(0, 10));
  const follows = () => [piece(10, 5), piece(11, 5), piece(0, 10), piece(10, 5, "b")].map(order.follows);
  expect(follows()).toEqual([true, false, false, false]);
  leave();
  expect(follows()).toEqual([false, false, false, false]);
});

test("it waits until the one before it is no longer under way", async () => {
  const order = createPieceOrder();
  const log: string[] = [];
  const first = order.enter(piece(0, 10));
  const second = order.enter(piece(10, 5));
  const waiting = Promise.all([
    first.before.then(() => log.push("first may go")),
    second.before.then(() => log.push("second may go")),
  ]);
  await first.before;
  log.push("first leaves");
  first.leave();
  await waiting;
  expect(log).toEqual(["first may go", "first leaves", "second may go"]);
});

test("the same piece may come twice, and nothing waits for itself", async () => {
  const order = createPieceOrder();
  const [old, empty] = [order.enter(piece(0, 10)), order.enter(piece(10, 0))];
  const again = order.enter(piece(0, 10));
  old.leave();
  expect(order.follows(piece(10, 5))).toBe(true);
  await Promise.all([empty.before, again.before]);
  again.leave();
  empty.leave();
  expect(order.follows(piece(10, 5))).toBe(false);
});
