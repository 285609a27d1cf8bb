/** Which loudspeakers a layout names, by ffmpeg's short names, and how sound made for some is played on others. */

/** ffmpeg's layouts of up to eight channels, in the order of their samples. */
const LAYOUTS: Record<string, string> = {
  mono: "FC",
  stereo: "FL FR",
  downmix: "DL DR",
  "2.1": "FL FR LFE",
  "3.0": "FL FR FC",
  "3.0(back)": "FL FR BC",
  "4.0": "FL FR FC BC",
  quad: "FL FR BL BR",
  "quad(side)": "FL FR SL SR",
  "3.1": "FL FR FC LFE",
  "5.0": "FL FR FC BL BR",
  "5.0(side)": "FL FR FC SL SR",
  "4.1": "FL FR FC LFE BC",
  "5.1": "FL FR FC LFE BL BR",
  "5.1(side)": "FL FR FC LFE SL SR",
  "6.0": "FL FR FC BC SL SR",
  "6.0(front)": "FL FR FLC FRC SL SR",
  "3.1.2": "FL FR FC LFE TFL TFR",
  hexagonal: "FL FR FC BL BR BC",
  "6.1": "FL FR FC LFE BC SL SR",
  "6.1(back)": "FL FR FC LFE BL BR BC",
  "6.1(front)": "FL FR LFE FLC FRC SL SR",
  "7.0": "FL FR FC BL BR SL SR",
  "7.0(front)": "FL FR FC FLC FRC SL SR",
  "7.1": "FL FR FC LFE BL BR SL SR",
  "7.1(wide)": "FL FR FC LFE BL BR FLC FRC",
  "7.1(wide-side)": "FL FR FC LFE FLC FRC SL SR",
  "5.1.2": "FL FR FC LFE SL SR TFL TFR",
  "5.1.2(back)": "FL FR FC LFE BL BR TFL TFR",
  octagonal: "FL FR FC BL BR BC SL SR",
  cube: "FL FR BL BR TFL TFR TBL TBR",
  "5.1.4": "FL FR FC LFE SL SR TFL TFR TBL TBR",
  "7.1.2": "FL FR FC LFE BL BR SL SR TFL TFR",
  "7.1.4": "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
  hexadecagonal: "FL FR FC BL BR BC SL SR TFL TFC TFR TBL TBC TBR WL WR",
  "22.2": "FL FR FC LFE BL BR FLC FRC BC SL SR TC TFL TFC TFR TBL TBC TBR LFE2 TSL TSR BFC BFL BFR",
};

/** What ffprobe says of a layout as the names of its channels; null where it does not say, or says ambisonics. */
export function channelsOf(layout: string | null): string[] | null {
  const known = layout === null ? undefined : LAYOUTS[layout];
  if (known !== undefined) return known.split(" ");
  const listed = /^\d+ channels \(([A-Z0-9+]+)\)$/.exec(layout ?? "")?.[1];
  return listed?.split("+") ?? null;
}

/** Each channel of the source by those that play it in the target, and how loud (as a factor). */
export type Placing = { from: string; to: string[]; gain: number }[];

/**
 * Every channel of the source to a loudspeaker of its own (the centre behind to both behind, as swresample does), so
 * that nothing is mixed; null where the target has too few, or none at about the same side.
 */
export function place(source: string[], target: string[]): Placing | null {
  const [first, ...rest] = source.toSorted((a, b) => choices(a).length - choices(b).length);
  if (first === undefined) return [];
  for (const to of choices(first)) {
    if (!to.every((one) => target.includes(one))) continue;
    const others = place(
      rest,
      target.filter((one) => !to.includes(one)),
    );
    if (others !== null) return [{ from: first, to, gain: to.length === 1 ? 1 : HALF_POWER }, ...others];
  }
  return null;
}

/** Half of the power in each of two: -3 dB, as ITU-R BS.775 mixes the centre and the surround channels. */
const HALF_POWER = Math.SQRT1_2;

function choices(channel: string): string[][] {
  return [[channel], ...(STAND_INS[channel] ?? [])];
}

const STAND_INS: Record<string, string[][]> = {
  BL: [["SL"]],
  BR: [["SR"]],
  SL: [["BL"]],
  SR: [["BR"]],
  BC: [["BL", "BR"]],
  FLC: [["SL"]],
  FRC: [["SR"]],
  DL: [["FL"]],
  DR: [["FR"]],
};

/** Whether swresample of itself plays these channels so; others it would mix, or leave out. */
export function isUsual(source: string[], placing: Placing): boolean {
  const back = source.includes("BL");
  const side = source.includes("SL");
  return placing.every(({ from, to: [to] }) => {
    if (from === to || from.startsWith("D")) return true;
    if (from === "BC") return !back;
    return (from.startsWith("S") && !back) || (from.startsWith("B") && !side);
  });
}

/** Channels that swresample mixes by ITU-R BS.775; it leaves out others, such as those above the listener. */
export function isMixable(source: string[]): boolean {
  return source.every((one) => /^(?:[FBS][LRC]|F[LR]C|LFE|D[LR])$/.test(one));
}

/**
 * A whole mix for channels that swresample leaves out, by its rules: what the target lacks goes at -3 dB to its
 * neighbours, the second bass is left out, and all is made quieter until nothing clips.
 */
export function mix(source: string[], target: string[]): Placing {
  const placing = source.flatMap((from) => {
    const homes = HOMES[from] ?? [["FL", "FR"]];
    const to = [[from], ...homes, ["FL", "FR"], ["FC"]].find((all) =>
      all.every((one) => target.includes(one)),
    );
    if (to === undefined || from === "LFE2" || (from === "LFE" && to[0] !== "LFE")) return [];
    return [{ from, to, gain: to[0] === from ? 1 : HALF_POWER }];
  });
  const loudest = Math.max(
    1,
    ...target.map((one) => placing.reduce((sum, { to, gain }) => sum + (to.includes(one) ? gain : 0), 0)),
  );
  return placing.map((one) => ({ ...one, gain: one.gain / loudest }));
}

/** Neighbours, the nearest first. */
const HOMES: Record<string, string[][]> = {
  BL: [["SL"], ["FL"]],
  BR: [["SR"], ["FR"]],
  SL: [["BL"], ["FL"]],
  SR: [["BR"], ["FR"]],
  BC: [
    ["BL", "BR"],
    ["SL", "SR"],
  ],
  FLC: [["FL"]],
  FRC: [["FR"]],
  WL: [["SL"], ["FL"]],
  WR: [["SR"], ["FR"]],
  TFL: [["FL"]],
  TFR: [["FR"]],
  TFC: [["FC"]],
  TC: [["FC"]],
  TBL: [["BL"], ["SL"], ["FL"]],
  TBR: [["BR"], ["SR"], ["FR"]],
  TBC: [
    ["BL", "BR"],
    ["SL", "SR"],
  ],
  TSL: [["SL"], ["BL"], ["FL"]],
  TSR: [["SR"], ["BR"], ["FR"]],
  BFC: [["FC"]],
  BFL: [["FL"]],
  BFR: [["FR"]],
  DL: [["FL"]],
  DR: [["FR"]],
};

/** A Placing as ffmpeg's pan filter. */
export function panFilter(layout: string, placing: Placing): string {
  const target = channelsOf(layout) ?? [];
  const rows = target.map((channel) => {
    const parts = placing
      .filter(({ to }) => to.includes(channel))
      // Of gains of 1 alone the filter makes a map, and then mixes by its own mind.
      .map(({ from, gain }) => `${Math.min(gain, ALMOST_ONE).toFixed(5)}*${from}`);
    return `${channel}=${parts.length === 0 ? `0*${placing[0]?.from ?? channel}` : parts.join("+")}`;
  });
  return `pan=${layout}|${rows.join("|")}`;
}

const ALMOST_ONE = 0.99999;
