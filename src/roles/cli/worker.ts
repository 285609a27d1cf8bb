import { defineCommand } from "citty";
import { configArgs } from "./config-args.ts";
import { onSignals } from "./signals.ts";
import { prepare } from "./start.ts";

export const worker = defineCommand({
  meta: { name: "worker", description: "Convert what a master hands out" },
  args: configArgs("worker"),
  async run({ args }) {
    const { config, log } = prepare("worker", args);
    const { startWorker } = await import("../worker/index.ts");
    // The listener stands before the role begins: a signal in between would end the process without draining.
    const silence = onSignals((count) => {
      log.info(count === 1 ? "draining; once more hands back at once" : "handing back at once");
      running.stop();
    });
    const running = startWorker(config, { log });
    await running.done;
    silence();
    await log.close();
  },
});
