import type { AttemptRow, IntendedOutput, JobRow } from "../../db/schema.ts";
import { CONTAINERS, type Container } from "../../shared/conversion.ts";
import { VcError } from "../../shared/errors.ts";
import { BESIDE_EXTENSIONS, besideSuffix, type Output, stagingName } from "../../shared/job.ts";
import type { Input } from "../../shared/protocol.ts";
import type { Context } from "./context.ts";
import type { Ending } from "./moves.ts";
import { renameFor } from "./naming.ts";
import { besideName, outputKey } from "./output-names.ts";
import { replacingNames } from "./replacing.ts";

/**
 * What an attempt hands in, with the names that it is to get. A film in another container than was configured (our own
 * workers do that for its subtitles) gets a name that fits, which may be taken.
 * @throws VcError bad_request (outputs that are not this attempt's)
 */
export function intendedOutputs(
  context: Context,
  { job, attempt }: { job: JobRow; attempt: AttemptRow },
  input: Input<"job_complete">,
): { job: JobRow; outputs: IntendedOutput[]; refused: NameLost | null } {
  const [film, ...others] = saidOutputs(attempt, input);
  const container = film === undefined ? null : containerOf(film, attempt);
  if (film === undefined || container === null || !others.every((one, n) => isBeside(one, n, film)))
    throw notItsOwn(attempt);
  if (new Set(others.map(({ label, extension }) => `${label}.${extension}`)).size < others.length)
    throw notItsOwn(attempt);
  const renamed = renameFor(context, job, container);
  const { published_rel, published_size: size, published_mtime_ns: mtime_ns } = renamed;
  const mine = published_rel === renamed.output_rel && size !== null && mtime_ns !== null;
  const { extension: _, label: __, ...of_film } = film;
  const outputs = [
    { ...of_film, output_rel: renamed.output_rel, previous: mine ? { size, mtime_ns } : null },
    ...others.map((one) => intendedBeside(renamed, one)),
  ];
  return { job: renamed, outputs, refused: nameLost(context, renamed, container) };
}

/** A client of the seed's wire format names no outputs: it wrote the one file that it was told to. */
type Said = Omit<Output, "size"> & { size: number | null };

function saidOutputs(attempt: AttemptRow, { outputs, output_size }: Input<"job_complete">): Said[] {
  const { extension } = attempt;
  return outputs ?? [{ staging: stagingName(attempt), role: "film", extension, size: output_size ?? null }];
}

function containerOf({ staging, role, extension }: Said, attempt: AttemptRow): Container | null {
  const own = staging === stagingName(attempt) && role === "film";
  const fits = extension === attempt.extension || attempt.protocol === 2;
  return (own && fits && CONTAINERS.find((one) => one === extension)) || null;
}

function isBeside({ staging, role, extension, label }: Said, n: number, film: Said): boolean {
  const known = BESIDE_EXTENSIONS.some((one) => one === extension);
  return (
    known &&
    role === "subtitle" &&
    label !== undefined &&
    staging === film.staging + besideSuffix(n + 1, extension)
  );
}

function intendedBeside(job: JobRow, { extension, label = "", ...output }: Said): IntendedOutput {
  const output_rel = besideName(job, `${label}.${extension}`);
  const before = job.published_beside.find((one) => one.output_rel === output_rel);
  const previous = before === undefined ? null : { size: before.size, mtime_ns: before.mtime_ns };
  return { ...output, output_rel, previous };
}

function notItsOwn(attempt: AttemptRow): VcError {
  const staging = stagingName(attempt);
  const message = `outputs must be the film ${staging} with the extension ${attempt.extension}, and at most subtitles (${BESIDE_EXTENSIONS.join(", ")}) beside it, each with a label of its own, named as ${staging}${besideSuffix(1, "sup")} and so on.`;
  return new VcError("bad_request", message);
}

type NameLost = Pick<Ending, "event" | "outcome" | "reason" | "message">;

/** A film takes no other's place: where the result's new name is that of another one, the film stays as it is. */
function nameLost({ settings }: Context, job: JobRow, container: Container): NameLost | null {
  if (settings.replace !== true) return null;
  const [wanted = job.source_rel] = replacingNames(job.source_rel, container);
  if (outputKey(wanted) === job.output_key) return null;
  const message = `To keep its subtitles the film became ${container}, but ${wanted} is the name of another film's result. Move one of them away, then retry the job.`;
  const [outcome, reason] = ["permanent", "name_taken"] as const;
  return { event: { type: "failed", outcome, reason }, outcome, reason, message };
}
