import { defineCommand } from "citty";
import type { Client } from "../../shared/client.ts";
import { messageOf, VcError } from "../../shared/errors.ts";
import type { Status } from "../../shared/status.ts";
import { connect, peopleArgs, show } from "./people.ts";
import { renderStatus } from "./render-status.ts";
import { createScreen } from "./screen.ts";

export const status = defineCommand({
  meta: {
    name: "status",
    description: "Show how far the conversion is, who works on what, and what is wrong",
  },
  args: {
    watch: { type: "boolean", alias: "w", description: "Go on showing it, until Ctrl-C" },
    ...peopleArgs,
  },
  async run({ args }) {
    const client = connect(args);
    if (args.watch === true) return watch(client, args.json === true);
    show(args, await client.call("status", {}), renderStatus);
  },
});

const WATCH_MS = 1000;

/** A master that is away for a while does not end the watching; a refusal (a wrong token) does. */
async function watch(client: Client, json: boolean): Promise<never> {
  const screen = createScreen(process.stdout);
  let away = "";
  for (;;) {
    const seen = await look(client);
    if (!json) screen.draw("status" in seen ? renderStatus(seen.status) : `⚠️ ${seen.away}`);
    else if ("status" in seen) console.log(JSON.stringify(seen.status));
    // Whoever reads the lines of JSON gets nothing else; people are told once.
    else if (seen.away !== away) console.error(`vc: ${seen.away}`);
    away = "away" in seen ? seen.away : "";
    await Bun.sleep(WATCH_MS);
  }
}

async function look(client: Client): Promise<{ status: Status } | { away: string }> {
  try {
    return { status: await client.call("status", {}, { timeout_ms: 10_000 }) };
  } catch (error) {
    if (!(error instanceof VcError) || !["unreachable", "unavailable"].includes(error.code)) throw error;
    return { away: messageOf(error) };
  }
}
