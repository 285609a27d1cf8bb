import type { Container } from "../../shared/conversion.ts";
import type { Context } from "./context.ts";
import { outputPath } from "./naming.ts";
import { outputKey, outputNames } from "./output-names.ts";
import { replacingNames } from "./replacing.ts";
import type { Refused } from "./ruling.ts";
import type { FoundSource } from "./sources.ts";

/** Which name below the output base a film's result gets; and with storage.replace, whose name it then is. */

/** The names to try for a new film. One that is left alone takes no name that another film may want. */
export function* namesFor(
  { settings }: Context,
  of: { source_rel: string; container: Container; refused: Refused },
): Generator<string> {
  const names = (settings.replace === true ? replacingNames : outputNames)(of.source_rel, of.container);
  if (of.refused !== null) names.next();
  yield* names;
}

/** The only name under which a film's result may take the film's place. */
export function placeOf({ wishes }: Pick<Context, "wishes">, source_rel: string): string {
  const [wanted = source_rel] = replacingNames(source_rel, wishes.of(source_rel).conversion.container);
  return wanted;
}

/**
 * Why a film cannot be replaced, as far as files and names tell; null where it can, or is not to be. A job that has lost its
 * name's right to another film's own name gives it up, unless it is in work.
 */
export function refuseToReplace(
  context: Context,
  source: Pick<FoundSource, "source_rel" | "obstacle">,
  job_id: string | undefined,
): Refused {
  if (context.settings.replace !== true) return null;
  if (source.obstacle !== undefined && source.obstacle !== null) return source.obstacle;
  const { source_rel } = source;
  const wanted = placeOf(context, source_rel);
  const owner = context.store.ownerOfOutput(outputKey(wanted));
  if (owner === undefined || owner === job_id) return null;
  if (wanted === source_rel && giveUpName(context, owner)) return null;
  const message = `Left alone: its result would be ${wanted}, as that of another film. Move one of them away.`;
  return { reason: "name_taken", message };
}

/** A name belongs first to the film that bears it. */
function giveUpName(context: Context, job_id: string): boolean {
  const job = context.store.job(job_id);
  if (job === undefined || job.status === "processing" || job.status === "publishing") return false;
  for (const output_rel of outputNames(
    job.source_rel,
    context.wishes.of(job.source_rel).conversion.container,
  )) {
    const output_key = outputKey(output_rel);
    if (context.store.ownerOfOutput(output_key) !== undefined) continue;
    const output_path = outputPath(context.settings, output_rel);
    context.store.renameOutput({ id: job_id, output_rel, output_key, output_path });
    return true;
  }
  return false;
}

/** Which files of a scan are results that took their sources' places: they are no films to be converted. */
export function resultsAmong(
  { store }: Context,
  batch: FoundSource[],
): { stands(source: FoundSource): boolean } {
  if (!store.hasOriginals()) return { stands: () => false };
  const known = new Map<string, { size: number | null; mtime_ns: string | null; moving: boolean }[]>();
  for (const row of store.resultsUnder(batch.map(({ source_rel }) => outputKey(source_rel)))) {
    const one = { size: row.output_size, mtime_ns: row.output_mtime_ns, moving: row.state === "moving" };
    known.set(row.output_key, [...(known.get(row.output_key) ?? []), one]);
  }
  return {
    // While one is being put there, nothing can be said: the next scan looks again.
    stands: ({ source_rel, size, mtime_ns }) =>
      (known.get(outputKey(source_rel)) ?? []).some(
        (one) => one.moving || (one.size === size && one.mtime_ns === mtime_ns),
      ),
  };
}
