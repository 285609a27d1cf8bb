import { expect } from "bun:test";
import { cutTransfers } from "../chaos/transfer-chaos.ts";
import { siteTest } from "../support/site-test.ts";

/** The long run is `bun scripts/transfer-chaos.ts`. */
siteTest(null, "lines that cut, spoil, delay and repeat harm no film, and cost few bytes", async (site) => {
  const { breaches, counts } = await cutTransfers(site, { cuts: 30, seed: 5, originals: 2 });
  expect(breaches).toEqual([]);
  expect(counts.flip).toBeGreaterThan(0);
});
