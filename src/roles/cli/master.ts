import { defineCommand } from "citty";
import { configArgs } from "./config-args.ts";
import { onSignals } from "./signals.ts";
import { prepare } from "./start.ts";

export const master = defineCommand({
  meta: { name: "master", description: "Scan a library, keep the queue, serve workers and people" },
  args: configArgs("master"),
  async run({ args }) {
    const { config, log } = prepare("master", args);
    const { startMaster } = await import("../master/index.ts");
    const stop = Promise.withResolvers<void>();
    const silence = onSignals((count) => {
      if (count > 1) process.exit(1);
      log.info("stopping; once more ends at once");
      stop.resolve();
    });
    const running = await startMaster(config, { log });
    void stop.promise.then(running.stop);
    await running.done;
    silence();
    await log.close();
  },
});
