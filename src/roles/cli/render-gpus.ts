import { printable } from "../../shared/printable.ts";
import type { Worker, WorkerGpu } from "../../shared/worker.ts";

/**
 * A worker's GPUs in one line: `2x NVIDIA L4 (87%, - parked), Intel Arc A380 (3%)`. Equal names stand together; in
 * brackets each card's load (`-`: not known) and what is wrong with it, where there is something to say. Null: none.
 */
export function renderGpus({ gpus, gpu_name }: Pick<Worker, "gpus" | "gpu_name">): string | null {
  if (gpus.length === 0) return gpu_name === null ? null : printable(gpu_name);
  return byName(gpus)
    .map(({ name, cards }) => {
      const notes = cards.every(isUnknown) ? "" : ` (${cards.map(noteOf).join(", ")})`;
      return `${cards.length === 1 ? "" : `${cards.length}x `}${printable(name)}${notes}`;
    })
    .join(", ");
}

/** A sentence for each card in this state: `GPU NVIDIA L4 (2 of 2): parked (tried again in 20 min): ...`. */
export function gpuTroubles({ gpus }: Pick<Worker, "gpus">, state: WorkerGpu["state"]): string[] {
  return byName(gpus).flatMap(({ name, cards }) =>
    cards.flatMap((card, index) => {
      if (card.state !== state) return [];
      const which = cards.length === 1 ? "" : ` (${index + 1} of ${cards.length})`;
      const what = card.problem === undefined ? ` is ${state}` : `: ${printable(card.problem)}`;
      return [`GPU ${printable(name)}${which}${what}`];
    }),
  );
}

function byName(gpus: WorkerGpu[]): { name: string; cards: WorkerGpu[] }[] {
  return [...Map.groupBy(gpus, ({ name }) => name)].map(([name, cards]) => ({ name, cards }));
}

function isUnknown({ usage, state }: WorkerGpu): boolean {
  return usage === undefined && state === "ok";
}

function noteOf({ usage, state }: WorkerGpu): string {
  const load = usage === undefined ? "-" : `${Math.round(usage)}%`;
  return state === "ok" ? load : `${load} ${state}`;
}
