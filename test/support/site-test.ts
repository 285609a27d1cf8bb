import { type Site, withSite } from "./site.ts";
import { testOr } from "./test-or.ts";

/** Far more than any of these trials needs on a busy machine. */
const TIMEOUT_MS = 600_000;

/** A test on a fresh site; `skipReason` as in testOr. */
export function siteTest(skipReason: string | null, name: string, use: (site: Site) => Promise<void>): void {
  testOr(skipReason, name, () => withSite(use), TIMEOUT_MS);
}
