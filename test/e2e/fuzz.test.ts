import { expect } from "bun:test";
import { fuzz } from "../fuzz/fuzz.ts";
import { siteTest } from "../support/site-test.ts";

const noProc = process.platform === "linux" ? null : "reads the master's memory from /proc";

/** The long run is `bun scripts/fuzz.ts`. */
siteTest(noProc, "3,000 random and nearly right requests leave the master sane", async (site) => {
  const { breaches, statuses, rss_mb } = await fuzz(site, { requests: 3000, seed: 1 });
  expect(breaches).toEqual([]);
  // A fuzz whose calls are all refused proves nothing.
  for (const status of ["200", "400", "401", "403", "404", "405", "409"])
    expect(statuses[status]).toBeGreaterThan(0);
  expect(rss_mb[1]).toBeLessThan(rss_mb[0] + 64);
});
