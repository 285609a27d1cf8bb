import type { EncoderFamily } from "./family.ts";
import { software } from "./software.ts";

/** In the order in which they are tried. */
export const FAMILIES: EncoderFamily[] = [software];
