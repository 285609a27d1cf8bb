import { defineCommand } from "citty";
import { connect, peopleArgs, show } from "./people.ts";

export const scan = defineCommand({
  meta: { name: "scan", description: "Let the master look for new and changed films now" },
  args: peopleArgs,
  async run({ args }) {
    const reply = await connect(args).call("scan", {});
    show(args, reply, ({ started }) =>
      started
        ? "the scan has started; `vc status` shows it"
        : "a scan is running already; another follows it",
    );
  },
});
