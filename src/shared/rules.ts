import * as v from "valibot";
import { MasterConfig } from "./config.ts";
import type { ConversionChange } from "./config-rules.ts";
import type { Conversion } from "./conversion.ts";
import { FilmRules, NO_FILM_RULES } from "./film-rules.ts";
import { compileGlobs } from "./glob.ts";
import type { Reason } from "./job.ts";

export type Rules = MasterConfig["rules"];
export const NO_RULES: Rules = v.parse(MasterConfig.entries.rules, {});

/** What a film is to become, by its path. */
export type Wish = {
  conversion: Conversion;
  /** The profile that applies, by its name or else its first pattern; null: none. */
  profile: string | null;
  rules: FilmRules;
  /** The same text for the same wish: a film that was left alone for it is so as long as it stays. */
  key: string;
};
export type Wishes = {
  of(source_rel: string): Wish;
  /** Why a file is left alone, as far as its path and size (bytes) tell; null: it is not. */
  refuse(file: { source_rel: string; size: number }): { reason: Reason; message: string } | null;
};

/** Reasons of `skipped` that come from rules, or settings: others may come to another end. */
export const RULED: readonly Reason[] = [
  ...(["excluded", "too_small"] as const),
  ...(["too_short", "already_converted", "not_smaller", "would_lose"] as const),
];

/** The configured rules, ready to be asked about a million films; `replace` is storage.replace. */
export function createWishes(of: { conversion: Conversion; rules: Rules; replace?: boolean }): Wishes {
  const film_rules = v.parse(FilmRules, { ...of.rules, replaces: of.replace === true });
  const wish = (change: ConversionChange, profile: string | null): Wish => {
    const conversion: Conversion = { ...of.conversion, ...withoutGaps(change) };
    return { conversion, profile, rules: film_rules, key: keyOf(conversion, film_rules) };
  };
  const usual = wish({}, null);
  const profiles = of.rules.profiles.map((profile) => ({
    globs: compileGlobs(profile.match),
    wish: wish(profile.conversion, profile.name ?? profile.match.join(", ")),
  }));
  return {
    of: (source_rel) => profiles.find(({ globs }) => globs.find(source_rel) !== null)?.wish ?? usual,
    refuse: createRefuse(of.rules),
  };
}

function createRefuse({ include, exclude, skip_smaller_than }: Rules): Wishes["refuse"] {
  const wanted = compileGlobs(include);
  const unwanted = compileGlobs(exclude);
  return ({ source_rel, size }) => {
    const pattern = unwanted.find(source_rel);
    if (pattern !== null) return { reason: "excluded", message: `Left alone: rules.exclude has ${pattern}.` };
    if (include.length > 0 && wanted.find(source_rel) === null) {
      return { reason: "excluded", message: "Left alone: no pattern of rules.include fits its path." };
    }
    if (size >= skip_smaller_than) return null;
    const message = `Left alone: its ${size} bytes are less than rules.skip_smaller_than (${skip_smaller_than}).`;
    return { reason: "too_small", message };
  };
}

const DEFAULTS = v.parse(MasterConfig.entries.conversion, {});

/** Made of what differs from the defaults, so that a newer vc with more settings does not try everything again. */
function keyOf(conversion: Conversion, rules: FilmRules): string {
  const told = [...differences(conversion, DEFAULTS), ...differences(rules, NO_FILM_RULES)];
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(told.sort())).digest("hex").slice(0, 16);
}

function differences(settings: object, defaults: object): string[] {
  const usual = new Map<string, unknown>(Object.entries(defaults));
  return Object.entries(settings)
    .filter(([name, value]) => JSON.stringify(usual.get(name)) !== JSON.stringify(value))
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`);
}

function withoutGaps(change: ConversionChange): Partial<Conversion> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
