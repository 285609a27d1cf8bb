import { defineCommand } from "citty";
import type { Client } from "../../shared/client.ts";
import { messageOf, VcError } from "../../shared/errors.ts";
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
  for (;;) {
    const text = await client.call("status", {}, { timeout_ms: 10_000 }).then(
      (seen) => (json ? JSON.stringify(seen) : renderStatus(seen)),
      (error: unknown) => {
        if (error instanceof VcError && ["unreachable", "unavailable"].includes(error.code))
          return json ? null : `⚠️ ${messageOf(error)}`;
        throw error;
      },
    );
    if (json && text !== null) console.log(text);
    else if (text !== null) screen.draw(text);
    await Bun.sleep(WATCH_MS);
  }
}
