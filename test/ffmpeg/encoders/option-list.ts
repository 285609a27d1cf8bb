/** What `ffmpeg -h` says of an encoder's options: judged against it, an argument needs no hardware to be found wrong. */
export type OptionList = Map<string, { type: string; min: number; max: number; names: string[] }>;

const LIMITS: Record<string, number> = {
  INT_MIN: -(2 ** 31),
  INT_MAX: 2 ** 31 - 1,
  UINT32_MAX: 2 ** 32 - 1,
  I64_MAX: Number.MAX_SAFE_INTEGER,
  FLT_MAX: Number.MAX_VALUE,
  "-FLT_MAX": -Number.MAX_VALUE,
};

/** The options that the encoder itself has; null where this ffmpeg does not have the encoder. */
export function encoderOptions(ffmpeg: string, encoder: string): OptionList | null {
  const help = ask(ffmpeg, `encoder=${encoder}`);
  return help.startsWith(`Encoder ${encoder} [`) ? parse(help) : null;
}

/** The options that every encoder takes, whether it heeds them or not. */
export function generalOptions(ffmpeg: string): OptionList {
  const help = ask(ffmpeg, "full");
  const begin = help.indexOf("\nAVCodecContext AVOptions:");
  const general = parse(help.slice(begin, help.indexOf("AVOptions:", begin + 30)));
  // ffmpeg's own, documented as codec dependent.
  return general.set("q", { type: "float", min: 0, max: 100, names: [] });
}

/** What is wrong with arguments such as `-preset p4 -b:v 0`, one sentence for each. */
export function wrongOptions(args: string[], lists: { own: OptionList; general: OptionList }): string[] {
  return args.flatMap((arg, n) => {
    if (n % 2 === 1) return [];
    const name = arg.replace(/^-/, "").replace(/:v$/, "");
    const value = args[n + 1] ?? "";
    const option = lists.own.get(name) ?? lists.general.get(name);
    if (option === undefined || !arg.startsWith("-")) return [`${arg} does not exist`];
    if (option.names.includes(value) || ["string", "dictionary"].includes(option.type)) return [];
    const number = value.trim() === "" ? Number.NaN : Number(value);
    return number >= option.min && number <= option.max ? [] : [`${arg} ${value} is out of range`];
  });
}

function ask(ffmpeg: string, about: string): string {
  const { stdout } = Bun.spawnSync([ffmpeg, "-hide_banner", "-h", about], { stderr: "ignore" });
  return stdout.toString();
}

/** Lines such as `  -qp <int> E..V....... Constant QP (from 0 to 52) (default 0)`, each with its values' names below. */
function parse(help: string): OptionList {
  const options: OptionList = new Map();
  let names: string[] = [];
  for (const line of help.split("\n")) {
    const option = /^ {2}-(\S+) +<(\w+)> +\S+ ?(.*)$/.exec(line);
    const value = /^ {5}(\S+) .*[.EDFVASXRBTP]{9,}/.exec(line)?.[1];
    if (value !== undefined) names.push(value);
    if (option?.[1] === undefined) continue;
    names = [];
    const range = /\(from (\S+) to (\S+)\)/.exec(option[3] ?? "");
    const limit = (text: string | undefined, none: number) =>
      text === undefined ? none : (LIMITS[text] ?? Number(text));
    options.set(option[1], {
      ...{ type: option[2] ?? "", names },
      min: limit(range?.[1], option[2] === "boolean" ? 0 : -Infinity),
      max: limit(range?.[2], option[2] === "boolean" ? 1 : Infinity),
    });
  }
  return options;
}
