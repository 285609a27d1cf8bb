import type { Condition, Expectation, Properties } from "../fixtures/corpus/fixture.ts";
import { COLOUR_JUDGES } from "./judges-color.ts";
import { PICTURE_JUDGES } from "./judges-picture.ts";
import { REST_JUDGES } from "./judges-rest.ts";
import { SOUND_JUDGES } from "./judges-sound.ts";
import type { Look } from "./look.ts";
import type { Target } from "./targets.ts";

/** The source is looked at only where it is asked for; `told` is what `vc plan` said of it before, `said` what `vc convert` did after. */
export type Case<V> = {
  source: () => Promise<Look>;
  result: Look;
  told: string[];
  said: string[];
  value: V;
};

/** One property each: what is wrong with it, or null. None uses code of vc; all see by ffprobe and by ffmpeg's pictures and samples. */
export type Judges = { [P in keyof Properties]: (of: Case<Properties[P]>) => Promise<string | null> };

const JUDGES: Judges = { ...PICTURE_JUDGES, ...COLOUR_JUDGES, ...SOUND_JUDGES, ...REST_JUDGES };

export function judge(
  of: Omit<Case<unknown>, "value">,
  { property, value }: Expectation,
): Promise<string | null> {
  // The table's type says that the judge of a property takes its values.
  const one = JUDGES[property] as (of: Case<unknown>) => Promise<string | null>;
  return one({ ...of, value });
}

/** Whether an expectation is about results of that conversion. */
export function concerns(on: Condition | undefined, target: Target): boolean {
  const flags = target.flags.join(" ");
  return (
    (on?.codec?.includes(target.codec) ?? true) &&
    (on?.container?.includes(target.container) ?? true) &&
    (on?.with === undefined || flags.includes(on.with)) &&
    (on?.without === undefined || !flags.includes(on.without))
  );
}
