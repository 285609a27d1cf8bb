import { expect } from "bun:test";
import { wreakHavoc } from "../chaos/chaos.ts";
import { siteTest } from "../support/site-test.ts";

const noSignals = process.platform === "linux" ? null : "freezes processes and finds them through /proc";

/** The long run is `bun scripts/chaos.ts`. */
siteTest(noSignals, "a farm that is maltreated loses no film and shows no half one", async (site) => {
  const { clips, breaches } = await wreakHavoc(site, { kills: 6, seed: 8 });
  expect(breaches).toEqual([]);
  expect(clips).toBeGreaterThan(0);
});
