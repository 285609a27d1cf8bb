import type { Progress } from "../../shared/job.ts";
import { seconds } from "./format.ts";

/** The others take a moment, or as long as they take. */
const MEASURED: ReadonlySet<Progress["stage"]> = new Set([
  "downloading",
  "searching",
  "encoding",
  "verifying",
  "uploading",
]);

/** `encoding 42.3%, 87 fps, 1.4x, 3 min left`; what is not known is left out. */
export function renderProgress(progress: Progress | null): string {
  if (progress === null) return "starting";
  const { stage, percent, fps, speed, eta_s } = progress;
  const parts = [
    MEASURED.has(stage) ? `${stage} ${percent.toFixed(1)}%` : stage.replace("_", " "),
    fps === null || fps <= 0 ? null : `${fps.toFixed(fps < 10 ? 1 : 0)} fps`,
    speed === null || speed <= 0 ? null : `${speed.toFixed(speed < 10 ? 2 : 1)}x`,
    eta_s === null ? null : `${seconds(eta_s)} left`,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
