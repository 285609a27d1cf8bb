import { expect, test } from "bun:test";
import { persist } from "../../../../src/roles/worker/transfer/persist.ts";
import { type ErrorCode, VcError } from "../../../../src/shared/errors.ts";
import { logLines } from "../../../support/log-lines.ts";

/** Fails with these codes, one each, then succeeds. */
function trial(
  codes: ErrorCode[],
  { stall_ms = 0, ...clock }: { stall_ms?: number; now_ms?: () => number } = {},
) {
  const { log, lines } = logLines();
  const cuts = { count: 0 };
  const stop = new AbortController();
  const cut = () => {
    cuts.count += 1;
  };
  const pieceSize = { now: () => 1, succeeded: () => {}, cut };
  const troubles: (string | null)[] = [];
  let tries = 0;
  const done = persist(
    async () => {
      tries += 1;
      const code = codes.shift();
      if (code !== undefined) throw new VcError(code, `it said ${code}`);
      return tries;
    },
    { signal: stop.signal, stall_ms, pieceSize, log, onTrouble: (why) => troubles.push(why), ...clock },
  );
  return { done, cuts, lines, stop, troubles };
}

test("cuts and busy masters are got over, and only a long break is told, with its end", async () => {
  const short = trial(["unreachable", "unavailable", "corrupt_piece"]);
  expect(await short.done).toBe(4);
  expect([short.cuts.count, short.lines.length, short.troubles]).toEqual([3, 0, []]);
  const long = trial(["unreachable", "untrusted", "unauthorized", "unreachable", "storage"]);
  expect(await long.done).toBe(6);
  expect(long.lines.map((line) => JSON.stringify(line))).toEqual([
    expect.stringContaining("cannot travel"),
    expect.stringContaining("travel again"),
  ]);
  expect(long.troubles).toEqual(["it said unreachable", "it said storage", null]);
}, 300_000);

test("a full disk is waited for however long that takes, and what is told is why at the moment", async () => {
  let hours = 0;
  const now_ms = () => 3_600_000 * hours++;
  const { done, troubles } = trial([...new Array(4).fill("storage_full"), "unreachable"], { now_ms });
  expect(await done).toBe(6);
  expect(troubles).toEqual(["it said storage_full", "it said unreachable", null]);
}, 300_000);

test.each(["source_changed", "source_missing", "stale_attempt", "not_found", "bad_request"] as const)(
  "%s is for good",
  async (code) => {
    const { done, cuts } = trial([code]);
    expect(done).rejects.toThrow(`it said ${code}`);
    await done.catch(() => {});
    expect(cuts.count).toBe(0);
  },
);

test("a line on which nothing comes for too long is given up", async () => {
  const { done } = trial(new Array(100).fill("unreachable"), { stall_ms: 200 });
  expect(done).rejects.toThrow("it said unreachable");
  await done.catch(() => {});
});

test("the signal ends the waiting at once", async () => {
  const { done, stop } = trial(new Array(100).fill("unreachable"));
  stop.abort(new Error("enough"));
  expect(done).rejects.toThrow("enough");
  await done.catch(() => {});
});
