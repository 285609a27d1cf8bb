import { defineCommand } from "citty";
import type { Client } from "../../shared/client.ts";
import { VcError } from "../../shared/errors.ts";
import type { Reply } from "../../shared/protocol.ts";
import { parseDuration } from "../../shared/units.ts";
import { connect, peopleArgs, show } from "./people.ts";
import { renderPurged } from "./render-originals.ts";
import { asMeant } from "./undo.ts";

export const purge = defineCommand({
  meta: { name: "purge", description: "Delete the originals of replaced films whose time is over" },
  args: {
    job: {
      type: "positional",
      required: false,
      description: "Only this film's original, due or not: a job's id, its beginning, or the film's path",
    },
    "older-than": {
      type: "string",
      valueHint: "AGE",
      description: "All that were replaced so long ago, such as 7d, instead of storage.keep_originals",
    },
    force: {
      type: "boolean",
      description: "With a film: delete its original even where no result stands in its place as vc made it",
    },
    "dry-run": { type: "boolean", description: "Say what would be deleted, and delete nothing" },
    ...peopleArgs,
  },
  async run({ args }) {
    const client = connect(args);
    const dry_run = args["dry-run"] === true;
    const { job, "older-than": age } = args;
    if (job !== undefined && age !== undefined)
      throw new VcError("usage", "--older-than is for all films; leave out the job or the age");
    const force = args.force === true;
    if (force && job === undefined)
      throw new VcError(
        "usage",
        "--force is for one film, which must be named: its original may be the last copy",
      );
    const older_than_ms = age === undefined ? undefined : ageOf(age);
    const reply =
      job === undefined
        ? await all(client, { dry_run, ...(older_than_ms === undefined ? {} : { older_than_ms }) })
        : await asMeant(client, job, (id) => client.call("purge", { id, dry_run, force }));
    show(args, reply, (done) => renderPurged(done, dry_run));
  },
});

function ageOf(text: string): number {
  const age = parseDuration(text);
  if (age !== null) return age;
  throw new VcError(
    "usage",
    `--older-than: found ${JSON.stringify(text)}; allowed: a duration such as 7d or 12h`,
  );
}

async function all(
  client: Client,
  wish: { dry_run: boolean; older_than_ms?: number },
): Promise<Omit<Reply<"purge">, "more">> {
  const purged: Reply<"purge">["purged"] = [];
  const left: Reply<"purge">["left"] = [];
  for (let more = true; more; ) {
    const offset = left.length + (wish.dry_run ? purged.length : 0);
    const reply = await client.call("purge", { ...wish, offset });
    purged.push(...reply.purged);
    left.push(...reply.left);
    more = reply.more;
  }
  return { purged, left };
}
