import { type GpuFact, type Rung, rungKey } from "../shared/gpu.ts";
import type { PlanSummary, Reason } from "../shared/job.ts";
import type { Plan } from "./plan.ts";
import { familyOf } from "./plan-ladder.ts";
import type { Refusal } from "./refusal.ts";

/** A rung of a film's ladder that did not make the film. */
export type Failure = {
  plan: Plan;
  refusal: Refusal;
  /** `hung`: ffmpeg stood still or never exited; `crashed`: a signal ended it that was not ours. */
  how: "hung" | "crashed" | "failed";
};

/**
 * The plan to try next after these failures, in the order in which they happened; null where the attempt ends with
 * the last of them, since nothing that happened to it could go better elsewhere, or nothing else is left.
 */
export function nextRung(ladder: readonly Plan[], failures: readonly Failure[]): Plan | null {
  const last = failures.at(-1);
  if (last === undefined) return ladder[0] ?? null;
  if (!usesHardware(last.plan.rung) || !GOES_ON.includes(last.refusal.reason)) return null;
  const later = ladder.slice(ladder.indexOf(last.plan) + 1);
  return later.find(({ rung }) => isWorthTrying(rung, failures)) ?? null;
}

/** Whether any stage runs on a GPU, or on an encoder chip. */
export function usesHardware({ device, family }: Rung): boolean {
  return device !== null || family !== "software";
}

/** A film may take its time on the CPU, if people say so (0); a GPU that hangs would keep it for ever. */
export function withStallLimit<Limits extends { stall_timeout_ms: number }>(
  rung: Rung,
  limits: Limits,
): Limits {
  const endless = limits.stall_timeout_ms === 0 && usesHardware(rung);
  return endless ? { ...limits, stall_timeout_ms: GPU_STALL_MS } : limits;
}

/** As the usual stall_timeout. */
const GPU_STALL_MS = 300_000;

/** What a failed rung teaches at once: no film makes an ffmpeg hang or die by a signal that is in order itself. */
export function learnFromFailure({ plan, refusal, how }: Failure): GpuFact[] {
  if (how === "failed" || !usesHardware(plan.rung)) return [];
  return [{ type: "suspect", suspect: { rung: rungKey(plan.rung), why: blameOf(refusal) } }];
}

/**
 * What is known once `plan` has made a film that was verified: the rungs before it failed by themselves, unless the
 * source was seen to be damaged, which no two decoders take alike.
 */
export function learnFromSuccess(of: {
  plan: Plan;
  failures: readonly Failure[];
  source_damaged: boolean;
}): GpuFact[] {
  const blamed = of.source_damaged ? [] : of.failures.filter(isBlamed);
  return [
    ...blamed.map(({ plan, refusal }) => ({
      type: "suspect" as const,
      suspect: { rung: rungKey(plan.rung), why: blameOf(refusal) },
    })),
    ...(usesHardware(of.plan.rung) ? [{ type: "proven" as const, rung: rungKey(of.plan.rung) }] : []),
  ];
}

/** An encoder that cannot be as good as one film wants it is good enough for others. */
function isBlamed({ how, refusal }: Failure): boolean {
  return how === "failed" && refusal.reason !== "quality_missed";
}

/** The summary of the rung that came after others, which are told among those passed over. */
export function afterOthers(plan: Plan, others: readonly { plan: Plan; why: string }[]): PlanSummary {
  const told = others.map((other) => ({
    family: familyOf(other.plan.rung),
    why: `${describeHardware(other.plan)}: ${other.why}`,
  }));
  return { ...plan.summary, passed_over: [...plan.summary.passed_over, ...told] };
}

/** One sentence for the person who wonders why a film did not take the way that it should have taken. */
export function failureNote(plan: Plan, failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const failed = failures.map((one) => `${describeHardware(one.plan)}: ${blameOf(one.refusal)}`).join("; ");
  const made = usesHardware(plan.rung)
    ? `with ${describeHardware(plan)}`
    : `on the CPU (${plan.rung.encoder})`;
  return [`The GPU failed (${failed}). The film was then made ${made}.`];
}

/**
 * Why a rung failed whose film another one made, without the full stop: what it held against the film was not true
 * then, so only what it saw is told.
 */
export function blameOf({ reason, message }: Refusal): string {
  const text = message.replace(/\.$/, "");
  return reason === "source_damaged" ? `the film looked damaged there (${text.split(": ")[0]})` : text;
}

/** Such as `decode and filter through Vulkan on NVIDIA H100`. */
export function describeHardware({ rung, gpu }: Plan): string {
  const vulkan = [
    ...(rung.decode === "vulkan" ? ["decode"] : []),
    ...(rung.filter === "vulkan" ? ["filter"] : []),
    ...(rung.family === "vulkan" ? [`encode (${rung.encoder})`] : []),
  ];
  const parts = [
    ...(vulkan.length > 0 ? [`${vulkan.join(" and ")} through Vulkan`] : []),
    ...(["vulkan", "software"].includes(rung.family) ? [] : [`encode by ${rung.encoder}`]),
  ];
  return `${parts.join(", ") || "everything on the CPU"}${gpu === null ? "" : ` on ${gpu.name}`}`;
}

/** What may be the fault of a GPU or its driver. */
const GOES_ON: readonly Reason[] = [
  "ffmpeg_failed",
  "stalled",
  "verification_failed",
  "output_missing",
  "source_damaged",
  "quality_missed",
];
/** A film is not encoded again and again because of one broken card. */
const FAILURES_OF_A_DEVICE = 2;

function isWorthTrying(rung: Rung, failures: readonly Failure[]): boolean {
  // A GPU's word that the film is broken counts only when the CPU says so, too.
  const damaged = failures.some(({ refusal }) => refusal.reason === "source_damaged");
  if (damaged && rung.decode !== "cpu") return false;
  if (rung.device === null) return true;
  const { id } = rung.device;
  return failures.filter(({ plan }) => plan.rung.device?.id === id).length < FAILURES_OF_A_DEVICE;
}
