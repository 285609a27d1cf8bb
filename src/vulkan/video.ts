import type { Limits, VideoOffer } from "./devices.ts";
import type { Instance } from "./instance.ts";
import type { StructOf } from "./layout.ts";
import { place } from "./memory.ts";
import { namesOf, RATE_CONTROL_MODES, resultName, versionName } from "./names.ts";
import { levelName, VIDEO_PROFILES, type VideoProfile } from "./profiles.ts";
import * as structs from "./structs.ts";

/** What the device's driver says about every kind of video that vc knows. `tell` hears what is asked next. */
export function askVideo(of: {
  instance: Instance;
  device: bigint;
  extensions: Set<string>;
  tell: (what: string) => void;
}): VideoOffer[] {
  return VIDEO_PROFILES.map((profile) => {
    const { direction, codec, bit_depth, extension } = profile;
    const missing = ["VK_KHR_video_queue", extension].find((name) => !of.extensions.has(name));
    if (missing !== undefined) {
      return { direction, codec, bit_depth, limits: null, refused: `the driver has no ${missing}` };
    }
    of.tell(`${direction} ${codec}, ${bit_depth} bits`);
    const answer = askProfile({ ...of, profile });
    return typeof answer === "string"
      ? { direction, codec, bit_depth, limits: null, refused: answer }
      : { direction, codec, bit_depth, limits: answer, refused: null };
  });
}

const SUBSAMPLING_420 = 0x2;
/** VkVideoComponentBitDepthFlagBitsKHR. */
const BIT_DEPTHS = { 8: 0x1, 10: 0x4 };

/** The limits, or the name of the refusal. */
function askProfile(of: { instance: Instance; device: bigint; profile: VideoProfile }): Limits | string {
  const { profile } = of;
  const depth = BIT_DEPTHS[profile.bit_depth];
  const codec = place(profile.profile, { [profile.number.member]: profile.number.value });
  const asked = place(structs.VIDEO_PROFILE_INFO, {
    pNext: codec.address,
    videoCodecOperation: profile.operation,
    chromaSubsampling: SUBSAMPLING_420,
    lumaBitDepth: depth,
    chromaBitDepth: depth,
  });
  const own = place(profile.capabilities, {});
  const decode = place(structs.DECODE_CAPABILITIES, { pNext: own.address });
  const encode = place(structs.ENCODE_CAPABILITIES, { pNext: own.address });
  const next = profile.direction === "decode" ? decode.address : encode.address;
  const all = place(structs.VIDEO_CAPABILITIES, { pNext: next });
  const ask = of.instance.call("vkGetPhysicalDeviceVideoCapabilitiesKHR", 3);
  const result = ask(of.device, asked.address, all.address);
  if (result !== 0) return resultName(result);
  const codecs = own.read();
  const general = all.read();
  return {
    min_width: general["minCodedExtent.width"],
    min_height: general["minCodedExtent.height"],
    max_width: general["maxCodedExtent.width"],
    max_height: general["maxCodedExtent.height"],
    granularity_width: general["pictureAccessGranularity.width"],
    granularity_height: general["pictureAccessGranularity.height"],
    bitstream_offset_alignment: general.minBitstreamBufferOffsetAlignment,
    bitstream_size_alignment: general.minBitstreamBufferSizeAlignment,
    max_dpb_slots: general.maxDpbSlots,
    max_active_references: general.maxActiveReferencePictures,
    max_level: levelName(profile.codec, Number(codecs.maxLevelIdc ?? codecs.maxLevel)),
    std_header: `${general["stdHeaderVersion.extensionName"]} ${versionName(general["stdHeaderVersion.specVersion"])}`,
    encode: profile.direction === "decode" ? null : encodeLimits(encode.read(), codecs),
  };
}

function encodeLimits(
  told: StructOf<typeof structs.ENCODE_CAPABILITIES>,
  codec: Record<string, unknown>,
): NonNullable<Limits["encode"]> {
  return {
    rate_control: namesOf(told.rateControlModes, RATE_CONTROL_MODES),
    rate_control_layers: told.maxRateControlLayers,
    max_bitrate: told.maxBitrate,
    quality_levels: told.maxQualityLevels,
    input_granularity_width: told["encodeInputPictureGranularity.width"],
    input_granularity_height: told["encodeInputPictureGranularity.height"],
    min_qp: Number(codec.minQp ?? codec.minQIndex),
    max_qp: Number(codec.maxQp ?? codec.maxQIndex),
  };
}
