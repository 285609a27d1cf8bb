import { resolve } from "node:path";
import { defineCommand } from "citty";
import type { Client } from "../../shared/client.ts";
import { VcError } from "../../shared/errors.ts";
import type { Reply } from "../../shared/protocol.ts";
import { findJob } from "./find-job.ts";
import { connect, peopleArgs, show } from "./people.ts";
import { renderUndone } from "./render-originals.ts";

export const undo = defineCommand({
  meta: { name: "undo", description: "Put a replaced film's original back in its place" },
  args: {
    job: { type: "positional", required: true, description: "A job's id, its beginning, or the film's path" },
    ...peopleArgs,
  },
  async run({ args }) {
    const client = connect(args);
    const reply = await asMeant(client, args.job, (id) => client.call("undo", { id }));
    show<Reply<"undo">>(args, reply, renderUndone);
  },
});

/** The master knows whole paths; one from the folder that the person stands in, or a part of one, is looked up here. */
export async function asMeant<T>(
  client: Client,
  wanted: string,
  act: (id: string) => Promise<T>,
): Promise<T> {
  for (const id of [wanted, resolve(wanted)]) {
    try {
      return await act(id);
    } catch (error) {
      if (!(error instanceof VcError) || error.code !== "not_found") throw error;
    }
  }
  const { id } = await findJob(client, wanted);
  return act(id);
}
