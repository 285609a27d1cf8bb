import { amf } from "./amf.ts";
import type { EncoderFamily } from "./family.ts";
import { nvenc } from "./nvenc.ts";
import { qsv } from "./qsv.ts";
import { software } from "./software.ts";
import { vaapi } from "./vaapi.ts";
import { videotoolbox } from "./videotoolbox.ts";
import { vulkan } from "./vulkan.ts";

/** In the order in which they are tried unless the configuration says otherwise. */
export const FAMILIES: EncoderFamily[] = [vulkan, nvenc, qsv, vaapi, amf, videotoolbox, software];
