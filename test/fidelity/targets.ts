import type { Fixture } from "../fixtures/corpus/fixture.ts";

/** What films are converted to; `flags` are further ones of `vc convert`. */
export type Target = { codec: string; container: string; flags: string[] };

const target = (name: string, flags: string[] = []): Target => {
  const [codec = "", container = ""] = name.split(" ");
  return { codec, container, flags };
};

const PLAYED = ["h264 mp4", "hevc mkv", "av1 mp4", "h264 mkv", "hevc mp4", "av1 mkv"].map((name) =>
  target(name),
);
const EVERY: Target[] = [...PLAYED, target("ffv1 mkv"), target("prores mkv")];

export function nameOf({ codec, container, flags }: Target): string {
  return [codec, container, ...flags].join(" ");
}

/** Each film to every codec and container, and with its own flags to two of them; long ones to two in all. */
export function everyCase(fixtures: Fixture[]): { fixture: Fixture; target: Target }[] {
  return fixtures.flatMap((fixture) => {
    const flagged = (fixture.flags ?? []).flatMap((flags) => [
      target("h264 mp4", flags),
      target("hevc mkv", flags),
    ]);
    const targets = fixture.long === true ? PLAYED.slice(0, 2) : [...EVERY, ...flagged];
    return targets.map((each) => ({ fixture, target: each }));
  });
}

/** Each film but the long ones once: in turn to h264 and mp4, which most want, and to something else. */
export function sampleCases(fixtures: Fixture[]): { fixture: Fixture; target: Target }[] {
  const short = fixtures.filter(({ long }) => long !== true);
  return short.map((fixture, n) => {
    const found = n % 2 === 0 ? PLAYED[0] : PLAYED[1 + (((n - 1) / 2) % 3)];
    return { fixture, target: found ?? target("h264 mp4") };
  });
}
