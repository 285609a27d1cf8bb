import { type Committer, createCommitter } from "../../src/db/commit.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createStore } from "../../src/db/store.ts";
import {
  type Coordinator,
  createCoordinator,
  type PublishIntent,
} from "../../src/roles/master/coordinator.ts";
import type { Instant } from "../../src/shared/clock.ts";
import { VcError } from "../../src/shared/errors.ts";
import { parseStagingName } from "../../src/shared/job.ts";
import type { Input } from "../../src/shared/protocol.ts";
import { createWishes, NO_RULES, type Rules } from "../../src/shared/rules.ts";
import { failing } from "./full-disk.ts";
import { prepareChecks } from "./invariants.ts";
import type { Model } from "./model.ts";
import type { Call, Respond } from "./network.ts";
import { type Placed, place } from "./publisher.ts";
import { settings } from "./settings.ts";
import { mtimeOf, sizeOf, type World } from "./world.ts";

export type SimMaster = ReturnType<typeof createSimMaster>;

/**
 * The real coordinator on real SQL in memory. Around it: commits that fail on command, restarts that lose all
 * memory, and a publisher that keeps to the coordinator's contract on a set of files.
 */
export function createSimMaster(world: World, model: Model) {
  const database = openDatabase({ path: ":memory:" });
  prepareChecks(database);
  const store = createStore(database);
  let fullDisk = false;
  /** A kill at the next commit: what waits in it is lost, or durable and unanswered. */
  let dies: "before" | "after" | null = null;
  let up = true;
  let started_ms = 0;
  let wall_skew_ms = 0;
  let generation = 0;
  let upkept = false;
  let publishing = new Map<string, Respond[]>();
  const pending: Promise<unknown>[] = [];
  let wishes = createWishes({ conversion: settings.conversion, rules: NO_RULES });
  let parts = start();

  function start(): { committer: Committer; coordinator: Coordinator } {
    const committer = createCommitter(failing(database, { fails: () => fullDisk || dieAt("before") }));
    const rules = pickRules(world);
    wishes = createWishes({ conversion: settings.conversion, rules });
    const of = { store, committer, settings: { ...settings, rules }, random: world.random.next };
    const coordinator = createCoordinator(of);
    coordinator.subscribe((event) => {
      if (event.type === "job" && event.job.status === "skipped") world.count(`skipped: ${event.job.reason}`);
      if (event.type === "job") model.ended(event.job);
      if (event.type === "worker" && event.worker.status === "quarantined") world.count("worker quarantined");
    });
    return { committer, coordinator };
  }

  /** True once it is dead. */
  function dieAt(side: "before" | "after"): boolean {
    if (dies !== side || !up) return false;
    dies = null;
    world.count(`fault: master killed ${side} a commit`);
    restart();
    return true;
  }

  const now = (): Instant => ({
    wall_ms: Date.UTC(2026, 0, 1) + world.timeline.now() + wall_skew_ms,
    monotonic_ms: world.timeline.now() - started_ms,
  });

  /** One operation. What comes after it happens only once it is committed, in the order of arrival. */
  function operate<T>(
    operation: () => T,
    then: (value: T) => void,
    otherwise: (error: VcError) => void,
  ): void {
    const run = parts.committer.run(() => ({ value: operation() }));
    const refused = (error: unknown) => {
      if (!(error instanceof VcError)) throw error;
      otherwise(error);
    };
    const committed = (value: T) => {
      dieAt("after");
      then(value);
    };
    pending.push(run.then(({ value }) => committed(value), refused));
  }

  function handle(call: Call, input: never, respond: Respond): void {
    if (!up) {
      respond({ error: new VcError("unreachable", "The master is down.") });
      return;
    }
    const mine = generation;
    const alive: Respond = (answer) => {
      if (mine === generation) respond(answer);
    };
    if (call === "job_complete") {
      complete(input, alive);
      return;
    }
    const { coordinator } = parts;
    operate(
      () => {
        const watch = model.watch(store, call, input);
        try {
          return watch({ reply: runCall(coordinator, call, input, now()) });
        } catch (error) {
          if (!(error instanceof VcError)) throw error;
          return watch({ error });
        }
      },
      (seen) => {
        seen.learn();
        alive(seen.answer);
      },
      (error) => alive({ error }),
    );
  }

  function complete(input: Input<"job_complete">, respond: Respond): void {
    const { coordinator } = parts;
    const mine = generation;
    operate(
      () => {
        const watch = model.watch(store, "job_complete", input);
        try {
          return watch({ reply: coordinator.beginPublish(input, now()) });
        } catch (error) {
          if (!(error instanceof VcError)) throw error;
          return watch({ error });
        }
      },
      (seen) => {
        seen.learn();
        if ("error" in seen.answer) return respond(seen.answer);
        const begun = seen.answer.reply as ReturnType<Coordinator["beginPublish"]>;
        if (begun.state === "ended") return respond({ reply: { ok: true, status: begun.status } });
        if (mine === generation) publish(begun.intent, respond);
      },
      (error) => respond({ error }),
    );
  }

  /** Repeats share one publication. Between any two steps the master may restart. */
  function publish(intent: PublishIntent, respond: Respond): void {
    const name = `${intent.job_id}.${intent.attempt}`;
    const waiting = publishing.get(name);
    if (waiting !== undefined) {
      waiting.push(respond);
      return;
    }
    publishing.set(name, [respond]);
    const mine = generation;
    const step = (delay_ms: number, work: () => void) =>
      world.timeline.after(delay_ms, () => {
        if (mine === generation) work();
      });
    const settle = (outcome: Exclude<Placed, "no room">) =>
      operate(
        () => {
          const of = { job_id: intent.job_id, attempt: intent.attempt };
          return "failure" in outcome
            ? parts.coordinator.failPublish(of, outcome.failure, now())
            : parts.coordinator.finishPublish(of, { published: [outcome.published] }, now());
        },
        (status) => {
          model.answered({ ...intent, call: "job_complete", status });
          const waiters = publishing.get(name) ?? [];
          publishing.delete(name);
          if (mine === generation) for (const waiter of waiters) waiter({ reply: { ok: true, status } });
        },
        () => step(1000, () => settle(outcome)),
      );
    const put = () => {
      const outcome = place(world, model, intent);
      if (outcome === "no room") {
        const error = new VcError("storage", "The library's disk is full.");
        for (const waiter of publishing.get(name)?.splice(0) ?? []) waiter({ error });
        step(1000, put);
      } else step(pace(50, 500), () => settle(outcome));
    };
    step(pace(50, 2000), put);
  }

  /** Milliseconds that the library's disk takes: now and then much longer than any call waits. */
  function pace(least: number, most: number): number {
    const slow = world.faulty && world.random.chance(0.05);
    if (slow) world.count("fault: slow disk at publish");
    return slow ? world.random.between(5000, 30_000) : world.random.between(least, most);
  }

  function restart(): void {
    generation++;
    up = false;
    world.note("master restarts");
    world.count("fault: master killed");
    world.timeline.after(world.random.between(50, 20_000), () => {
      started_ms = world.timeline.now();
      publishing = new Map();
      fullDisk = false;
      dies = null;
      parts = start();
      up = true;
      upkept = false;
      for (const intent of parts.coordinator.intents()) {
        world.count("publication taken up after a restart");
        publish(intent, ignore);
      }
      sweep();
    });
  }

  function sweep(): void {
    for (const name of world.staging.keys()) {
      const of = parseStagingName(name);
      if (of !== null && !parts.coordinator.isHeld(of)) world.staging.delete(name);
    }
  }

  return {
    handle,
    restart,
    dieAtCommit: (side: "before" | "after") => {
      dies = side;
    },
    database,
    isUp: () => up,
    hasUpkept: () => upkept && up,
    setFullDisk: (full: boolean) => {
      fullDisk = full;
    },
    jumpWallClock: (by_ms: number) => {
      wall_skew_ms += by_ms;
    },
    upkeep: () => {
      if (up)
        operate(
          () => parts.coordinator.upkeep(now()),
          () => (upkept = true),
          ignore,
        );
      if (up && world.random.chance(0.02)) sweep();
    },
    scan: () => {
      if (!up) return;
      const batch = [...world.sources].map(([source_rel, version]) => ({
        source_rel,
        size: sizeOf(version),
        mtime_ns: mtimeOf(version),
      }));
      operate(
        () => parts.coordinator.addSources(batch, now()),
        () => model.scanned(batch.length),
        ignore,
      );
    },
    /** What a person does; refusals are theirs. */
    person: <T>(act: (coordinator: Coordinator, now: Instant) => T, then: (value: T) => void) => {
      if (up) operate(() => act(parts.coordinator, now()), then, ignore);
    },
    leases: () => parts.coordinator.leases(),
    /** The rules of the present start. */
    refuses: (source_rel: string) => wishes.refuse({ source_rel, size: 1 }) !== null,
    settled: async () => {
      while (pending.length > 0) await pending.shift();
    },
  };
}

const ignore = () => {};

/** Every start may be one with other rules. */
function pickRules({ random }: World): Rules {
  const exclude = random.pick([[], [], ["*.avi"], ["b/**", "more1"], ["**"]]);
  return { ...NO_RULES, exclude, max_size_ratio: random.pick([null, null, 0.001]) };
}

function runCall(coordinator: Coordinator, call: Call, input: never, now: Instant): unknown {
  switch (call) {
    case "register":
      return coordinator.register(input, now);
    case "next_job":
      return coordinator.claim(input, now);
    case "job_progress":
      return coordinator.progress(input, now);
    case "heartbeat":
      return coordinator.heartbeat(input, now);
    case "control":
      return coordinator.control(input, now);
    case "job_failed":
      return coordinator.fail(input, now);
    case "job_complete":
      throw new Error("a hand-in has its own way");
  }
}
