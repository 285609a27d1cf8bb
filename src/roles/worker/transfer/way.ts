import type { WorkerConfig } from "../../../shared/config-worker.ts";
import { messageOf, VcError } from "../../../shared/errors.ts";
import type { Workspace } from "../workspace.ts";

/** How films come to this machine and results go back. `output_base`: the folder whose disk the results need. */
export type Way =
  | { kind: "mount"; workspace: Workspace; output_base: string }
  | { kind: "stream" | "download"; output_base: string; why: string };

/**
 * Chooses as `storage.source` says: auto takes the mount where it is proven, and HTTP otherwise. Resolves with the
 * sentence that says why there is no way.
 */
export async function chooseWay(of: {
  source: WorkerConfig["storage"]["source"];
  /** Resolves with the proven workspace, or with the sentence that says why there is none. */
  mount(): Promise<Workspace | string>;
  /** Makes and proves the folders for films that go over HTTP; resolves with that for results. */
  workFolder(kind: "stream" | "download"): Promise<string>;
}): Promise<Way | string> {
  if (of.source === "stream" || of.source === "download")
    return {
      kind: of.source,
      output_base: await of.workFolder(of.source),
      why: `storage.source is ${of.source}`,
    };
  const found = await of.mount().catch(unlessUnanswered);
  if (typeof found !== "string") return { kind: "mount", workspace: found, output_base: found.output_base };
  if (of.source === "mount") return found;
  return { kind: "stream", output_base: await of.workFolder("stream"), why: found };
}

/** Folders that the master names and that cannot be here are no reason to stand still; a master that is away is. */
function unlessUnanswered(error: unknown): string {
  if (error instanceof VcError) throw error;
  return messageOf(error);
}
