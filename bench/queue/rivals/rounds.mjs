import { createInterface } from "node:readline";

/** Runs a round for each line of standard input, {"jobs", "in_flight", "batch"}, and answers with a line {"ms"}. */
export async function serveRounds(round) {
  for await (const line of createInterface({ input: process.stdin })) {
    const ms = await round(JSON.parse(line));
    console.log(JSON.stringify({ ms }));
  }
  process.exit(0);
}
