import { expect, test } from "bun:test";
import { timerMs } from "../../src/shared/clock.ts";

test.each([
  [0, 0],
  [86_400_000, 86_400_000],
  [30 * 86_400_000, 2_147_483_647],
])("a timer waits %p ms for %p", (wait_ms, given) => expect(timerMs(wait_ms)).toBe(given));
