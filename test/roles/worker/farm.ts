import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import type { Master } from "../../../src/roles/master/index.ts";
import { type RunningWorker, startWorker } from "../../../src/roles/worker/index.ts";
import { WorkerConfig } from "../../../src/shared/config-worker.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { recallTrials } from "../../support/known-trials.ts";
import { type MasterSite, withMasterSite } from "../../support/master-test.ts";

/**
 * Real workers in this process and a real master, with a line between them that a test can cut. The processes of
 * attempts are real programs that speak the child's side of messages.ts.
 */
export type Farm = {
  site: MasterSite;
  /** Starts the master, which hands out these films. */
  master(films: string[], sections?: Record<string, Record<string, unknown>>): Promise<Master>;
  /** Starts a worker whose attempts run `program`, in which `done(text)`, `refuse(result)` and `task` are known. */
  worker(program: string, settings?: Section, sections?: Record<string, Section>): Promise<Worker>;
  line: Line;
  job(source_rel: string): Promise<Record<string, unknown>>;
};
type Section = Record<string, unknown>;
export type Worker = RunningWorker & { log(): Promise<string> };
type Line = {
  /** The last parts of the paths that were called. */
  calls: string[];
  /** What becomes of calls, if not the usual: `lost` goes nowhere, `unheard` is done and its answer lost, `away` finds no master. */
  fate: (call: string) => "lost" | "unheard" | "away" | null;
  /** Somebody who plays the master: what becomes of an answer, as JSON. */
  forge: (call: string, answer: string) => string;
};

export const FARM_CACHE = join(tmpdir(), `vc-test-farm-${process.pid}`);

export async function withFarm(use: (farm: Farm) => Promise<void>): Promise<void> {
  await withMasterSite(async (site) => {
    const running: RunningWorker[] = [];
    const line: Line = { calls: [], fate: () => null, forge: (_, answer) => answer };
    let master: Master | undefined;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 60,
      fetch: (request) => pass(request, line, master?.url ?? ""),
    });
    try {
      await use({
        site,
        line,
        async master(films, sections) {
          for (const film of films) await site.film(film);
          master = await site.start(sections);
          await master.scan();
          return master;
        },
        async worker(program, settings = {}, sections = {}) {
          const name = join(site.folder, `worker-${running.length}`);
          await writeFile(`${name}.ts`, childProgram(program));
          if (!existsSync(FARM_CACHE)) await recallTrials(FARM_CACHE);
          const log_path = `${name}.log`;
          const log = createLogger({ level: "debug", format: "text", output_path: log_path });
          const config = configOf({ site, url: `http://127.0.0.1:${server.port}`, settings, sections });
          const job = [process.execPath, `${name}.ts`];
          const worker = startWorker(config, { log, job, hand_back_ms: 300 });
          running.push(worker);
          worker.done.catch(() => {});
          return { ...worker, log: () => Bun.file(log_path).text() };
        },
        async job(source_rel) {
          const { body } = await site.call(`/api/jobs/${encodeURIComponent(source_rel)}`);
          return body.job as Record<string, unknown>;
        },
      });
    } finally {
      for (const worker of running) {
        worker.stop();
        worker.stop();
      }
      await Promise.allSettled(running.map(({ done }) => done));
      await server.stop(true);
    }
  });
}

async function pass(request: Request, line: Line, master_url: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const call = pathname.split("/").at(-1) ?? "";
  line.calls.push(call);
  const fate = line.fate(call);
  const answer = async () => {
    const body = request.method === "POST" ? await request.text() : undefined;
    const { method, headers } = request;
    return fetch(master_url + pathname + search, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  };
  if (fate === "away") return new Response("no master", { status: 502 });
  if (fate === "lost") return new Promise(() => {});
  // Between two masters there is none.
  const response = await answer().catch(() => new Response("no master", { status: 502 }));
  if (fate === "unheard") return new Promise(() => {});
  if (response.status !== 200) return response;
  return new Response(line.forge(call, await response.text()), { status: 200 });
}

function configOf(of: {
  site: MasterSite;
  url: string;
  settings: Section;
  sections: Record<string, Section>;
}): WorkerConfig {
  return v.parse(WorkerConfig, {
    worker: {
      id: "w",
      master_url: of.url,
      concurrency: 1,
      job_check_interval: "100ms",
      heartbeat_interval: "500ms",
      ...of.settings,
    },
    // One folder for all tests of this process: trials of encoders take seconds.
    storage: { cache_path: FARM_CACHE },
    ...of.sections,
  });
}

function childProgram(program: string): string {
  return `
    import { writeFileSync } from "node:fs";
    const end = (result) =>
      process.send({ type: "result", result: { report: {}, ...result } }, undefined, undefined, () => process.exit(0));
    process.on("message", ({ type, task }) => {
      if (type === "stop") return process.exit(0);
      const refuse = end;
      const done = (text) => {
        writeFileSync(task.target, text);
        end({ outcome: "done", size: text.length, container: "mp4", beside: [] });
      };
      ${program}
    });
    process.on("disconnect", () => process.exit(1));`;
}
