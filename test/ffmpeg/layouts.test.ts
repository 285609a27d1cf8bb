import { describe, expect, test } from "bun:test";
import { channelsOf, isMixable, isUsual, mix, panFilter, place } from "../../src/ffmpeg/layouts.ts";

const of = (layout: string) => channelsOf(layout) ?? [];

test("what a prober may say of a layout", () => {
  expect(channelsOf("5.1(side)")).toEqual(["FL", "FR", "FC", "LFE", "SL", "SR"]);
  expect(channelsOf("3 channels (FL+FR+LFE2)")).toEqual(["FL", "FR", "LFE2"]);
  for (const unknown of [null, "6 channels", "ambisonic 1"]) expect(channelsOf(unknown)).toBeNull();
});

describe("every channel has a loudspeaker of its own", () => {
  const rows: [string, string, string | null, boolean][] = [
    ["5.1", "5.1", "FL>FL FR>FR FC>FC LFE>LFE BL>BL BR>BR", true],
    ["5.1(side)", "5.1", "FL>FL FR>FR FC>FC LFE>LFE SL>BL SR>BR", true],
    ["4.0", "5.0", "FL>FL FR>FR FC>FC BC>BL+BR", true],
    ["6.1(back)", "7.1", "FL>FL FR>FR FC>FC LFE>LFE BL>SL BR>SR BC>BL+BR", false],
    ["7.1(wide)", "7.1", "FL>FL FR>FR FC>FC LFE>LFE BL>BL BR>BR FLC>SL FRC>SR", false],
    ["2.1", "5.0", null, false],
    ["octagonal", "7.1", null, false],
    ["5.1.2", "7.1", null, false],
  ];
  test.each(rows)("%s on %s", (source, target, expected, usual) => {
    const placing = place(of(source), of(target));
    const told = placing?.map(({ from, to }) => `${from}>${to.join("+")}`).sort();
    expect(told ?? null).toEqual(expected?.split(" ").sort() ?? null);
    if (placing !== null) expect(isUsual(of(source), placing)).toBe(usual);
    const played = placing?.flatMap(({ to }) => to) ?? [];
    expect(new Set(played).size).toBe(played.length);
  });
});

test("a mix of what swresample leaves out has every channel, and clips nowhere", () => {
  const source = of("7.1.4");
  expect(isMixable(of("7.1"))).toBe(true);
  expect(isMixable(source)).toBe(false);
  const placing = mix(source, ["FL", "FR"]);
  expect(placing.map(({ from }) => from)).toEqual(source.filter((one) => one !== "LFE"));
  for (const out of ["FL", "FR"]) {
    const sum = placing.reduce((total, { to, gain }) => total + (to.includes(out) ? gain : 0), 0);
    expect(sum).toBeLessThanOrEqual(1.000001);
    expect(sum).toBeGreaterThan(0.9);
  }
});

test("as ffmpeg's filter", () => {
  const placing = place(of("4.0"), of("5.0")) ?? [];
  expect(panFilter("5.0", placing)).toBe(
    "pan=5.0|FL=0.99999*FL|FR=0.99999*FR|FC=0.99999*FC|BL=0.70711*BC|BR=0.70711*BC",
  );
});
