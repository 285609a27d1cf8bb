import type { Clock } from "../../shared/clock.ts";
import type { MasterConfig } from "../../shared/config.ts";
import type { OutputMode } from "../../shared/config-values.ts";
import type { Logger } from "../../shared/log.ts";
import { createThrottle } from "../../shared/throttle.ts";
import type { AccessRule } from "./auth.ts";
import type { Coordinator } from "./coordinator.ts";
import { createEvents } from "./events.ts";
import { createGate } from "./gate.ts";
import { originalHandlers } from "./handlers-originals.ts";
import { peopleHandlers } from "./handlers-people.ts";
import { tokenHandlers } from "./handlers-tokens.ts";
import { workerHandlers } from "./handlers-worker.ts";
import { createApp, type Page } from "./http.ts";
import type { Keeper } from "./keeper.ts";
import { type Listener, listen } from "./listen.ts";
import { createLongPoll } from "./longpoll.ts";
import { renderMetrics } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { createPieceBuffers } from "./piece-buffers.ts";
import type { Problems } from "./problems.ts";
import type { Publisher } from "./publish.ts";
import type { ScanDuty } from "./scan-duty.ts";
import type { Scanner } from "./scanner.ts";
import type { Storage } from "./storage.ts";
import type { Transact } from "./transact.ts";
import { createTurns } from "./transfer-turns.ts";
import { transferHandlers } from "./transfers.ts";
import type { Uploads } from "./uploads.ts";
import type { WorkerTokens } from "./worker-tokens.ts";

/** Puts everything that can be called on the network. `stop` ends long-polls and streams first. */
export function serve(of: {
  server: MasterConfig["server"];
  /** What listens already, if anything does. */
  door: Listener | null;
  access: AccessRule;
  tokens: WorkerTokens;
  coordinator: Coordinator;
  transact: Transact;
  storage: Storage;
  output_mode: OutputMode;
  publisher: Publisher;
  uploads: Uploads;
  keeper: Keeper;
  scanner: Scanner;
  duty: ScanDuty;
  problems: Problems;
  clock: Clock;
  started_at: string;
  log: Logger;
}): Pick<Listener, "url" | "stop"> {
  const longPoll = createLongPoll(of);
  const events = createEvents(of.coordinator);
  const people = peopleHandlers(of);
  const metrics = () => {
    const leases = of.coordinator.leases().length;
    return textPage(renderMetrics({ status: people.status(), stats: people.stats(), leases }));
  };
  const pages: Page[] = [
    events.page,
    { path: "/metrics", answer: metrics },
    { path: "/openapi.json", answer: () => Response.json(openApi()) },
  ];
  const handlers = {
    ...workerHandlers({ ...of, longPoll }),
    ...people,
    ...tokenHandlers(of),
    ...originalHandlers(of),
  };
  const { bandwidth_limit, max_transfers } = of.server;
  const bytes = transferHandlers({
    ...of,
    turns: createTurns(max_transfers),
    buffers: createPieceBuffers(),
    sending: createThrottle(bandwidth_limit),
    receiving: createThrottle(bandwidth_limit),
  });
  const gate = createGate({ ...of, grantOf: of.tokens.grantOf });
  const app = createApp({ ...of, handlers, bytes, pages, gate });
  const listener = of.door ?? listen(app, { ...of.server, log: of.log });
  listener.show(app);
  return {
    url: listener.url,
    async stop() {
      longPoll.stop();
      events.stop();
      await listener.stop();
    },
  };
}

function textPage(text: string): Response {
  return new Response(text, { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" } });
}
