import type { PublishIntent } from "../../src/roles/master/coordinator.ts";
import type { Model } from "./model.ts";
import { mtimeOf, sizeOf, type World } from "./world.ts";

export type Placed =
  /** Nothing was changed; it goes on once there is room. */
  | "no room"
  | { published: { output_rel: string; size: number; mtime_ns: string } }
  | {
      failure: {
        outcome: "retry" | "requeue" | "permanent";
        reason: "output_missing" | "source_changed" | "name_taken";
        message: string;
      };
    };

/** The file work of a publication; done again after a restart it comes to the same. */
export function place(world: World, model: Model, intent: PublishIntent): Placed {
  const [output] = intent.outputs;
  if (output === undefined) return world.fail(`an intent without outputs: ${JSON.stringify(intent)}`);
  const staged = world.staging.get(output.staging);
  const there = world.results.get(output.output_rel);
  if (staged === undefined && there?.job_id === intent.job_id && there.attempt === intent.attempt) {
    world.count("publication found done after a restart");
    return { published: { output_rel: output.output_rel, size: there.size, mtime_ns: there.mtime_ns } };
  }
  if (mtimeOf(world.sources.get(intent.source_rel) ?? 0) !== intent.source_mtime_ns) {
    world.staging.delete(output.staging);
    world.count("source changed before publication");
    return { failure: { outcome: "requeue", reason: "source_changed", message: "changed" } };
  }
  if (staged === undefined) {
    return world.fail(`the staging file ${output.staging} of an accepted hand-in is gone`);
  }
  if (world.libraryFull) {
    world.count("fault: full disk at publish");
    return "no room";
  }
  const mine =
    there !== undefined &&
    there.size === output.previous?.size &&
    there.mtime_ns === output.previous.mtime_ns;
  if (there !== undefined && !mine)
    world.fail(`${output.output_rel} would overwrite what vc does not know as its own`);
  const file = { ...staged, size: sizeOf(staged.version), mtime_ns: `${world.timeline.now()}` };
  world.staging.delete(output.staging);
  world.results.set(output.output_rel, file);
  model.placed(file, intent);
  return { published: { output_rel: output.output_rel, size: file.size, mtime_ns: file.mtime_ns } };
}
