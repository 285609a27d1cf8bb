import type { Random } from "../sim/random.ts";
import { processesWith, type Running } from "../support/processes.ts";
import { type BadNetwork, MOODS } from "./bad-network.ts";

/** The processes under attack, each with what starts it again. */
export type Victims = {
  folder: string;
  lease_ms: number;
  master: { running: Running; start(): Promise<Running> };
  workers: { running: Running; start(): Promise<Running> }[];
  network: BadNetwork;
};

export const FAULTS = ["kill master", "kill worker", "kill ffmpeg", "freeze worker", "bad network"] as const;
export type Fault = (typeof FAULTS)[number];

/** Does one thing that goes wrong; resolves when it is over. What was killed runs again afterwards. */
export async function inflict(fault: Fault, victims: Victims, random: Random): Promise<boolean> {
  switch (fault) {
    case "kill master":
      return restart(victims.master, random);
    case "kill worker":
      return restart(random.pick(victims.workers), random);
    case "kill ffmpeg":
      return killFfmpeg(victims, random);
    case "freeze worker":
      return freeze(random.pick(victims.workers).running, victims.lease_ms, random);
    case "bad network":
      victims.network.mood(random.pick(MOODS));
      await Bun.sleep(random.between(200, 3000));
      victims.network.mood("pass");
      return true;
  }
}

async function restart(
  victim: { running: Running; start(): Promise<Running> },
  random: Random,
): Promise<boolean> {
  victim.running.kill("SIGKILL");
  await victim.running.ended;
  await Bun.sleep(random.between(0, 800));
  victim.running = await victim.start();
  return true;
}

async function killFfmpeg({ folder }: Victims, random: Random): Promise<boolean> {
  const running = (await processesWith(folder)).filter(({ argv }) =>
    argv.some((part) => part.includes(".partial.")),
  );
  if (running.length === 0) return false;
  return signal(random.pick(running).pid, "SIGKILL");
}

/** Longer than its lease: when it wakes up, its films belong to others, and it does not know. */
async function freeze(worker: Running, lease_ms: number, random: Random): Promise<boolean> {
  if (!signal(worker.pid, "SIGSTOP")) return false;
  await Bun.sleep(lease_ms + random.between(200, 2000));
  return signal(worker.pid, "SIGCONT");
}

function signal(pid: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
