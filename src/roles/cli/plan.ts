import { realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { defineCommand } from "citty";
import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig, loadWorkerConfig } from "../../shared/config-file.ts";
import { fileTrouble, VcError } from "../../shared/errors.ts";
import { cacheFolder } from "../../shared/platform.ts";
import { conversionArgs, conversionFlags } from "./conversion-args.ts";
import { terminalWidth } from "./people.ts";
import { foresee, type Machine } from "./plan-foresee.ts";
import { renderForeseen } from "./render-plan.ts";
import { jsonArg } from "./start.ts";

export const plan = defineCommand({
  meta: { name: "plan", description: "Tell what would become of a film, track by track, without doing it" },
  args: {
    files: { type: "positional", required: true, valueHint: "...", description: "Films on this machine" },
    config: {
      type: "string",
      valueHint: "FILE",
      description: "A master's configuration file, for its rules and settings; without it, the defaults",
    },
    ffmpeg: {
      type: "string",
      valueHint: "PATH",
      description: "The ffmpeg to ask; without it, the one on PATH",
    },
    "use-vulkan": {
      type: "string",
      valueHint: "WHEN",
      description: "Whether to plan with GPUs, as far as they were tried: true, false or auto (auto)",
    },
    ...conversionArgs,
    ...jsonArg,
  },
  async run({ args }) {
    const files = args._.map((file) => existing(file));
    const machine = await lookAtMachine(args);
    const foreseen = [];
    for (const path of files) {
      const config = configFor(path, args);
      foreseen.push(await foresee({ path, source_rel: relOf(path, config), config, machine }));
    }
    const { ffmpeg, gpus } = machine.capabilities;
    const here = { ffmpeg: ffmpeg.version, gpus: gpus.map(({ name }) => name) };
    if (args.json === true) console.log(JSON.stringify({ ...here, films: foreseen }, null, 2));
    else console.log(foreseen.map((film) => renderForeseen(film, terminalWidth())).join("\n\n"));
  },
});

/** Throws VcError("usage") for what is no file. */
function existing(file: string): string {
  const wrong = (why: string, cause?: unknown) =>
    new VcError("usage", `cannot plan ${file}: ${why}`, { cause });
  try {
    if (statSync(file).isFile()) return resolve(file);
  } catch (cause) {
    throw wrong(fileTrouble(cause), cause);
  }
  throw wrong("it is no file; name films, not folders");
}

/** As `vc convert` would find it; but nothing is tried on GPUs that was not tried before. */
async function lookAtMachine(args: Record<string, unknown>): Promise<Machine> {
  const given = (name: string) => (typeof args[name] === "string" ? args[name] : undefined);
  const flags = {
    "worker.master_url": "http://127.0.0.1",
    "ffmpeg.path": given("ffmpeg"),
    "ffmpeg.use_vulkan": given("use-vulkan"),
  };
  const config = loadWorkerConfig({ path: null, implicit: false, flags, env: {} });
  const { detectCapabilities, firstUse } = await import("../worker/capabilities.ts");
  const cache_path = config.storage.cache_path ?? cacheFolder();
  const capabilities = await detectCapabilities({ ...config.ffmpeg, cache_path, skip_untried: true });
  return { capabilities, gpu: firstUse(capabilities, config) };
}

/** Without a file, the film's own folder is the library. */
function configFor(path: string, args: Record<string, unknown>): MasterConfig {
  const flags = conversionFlags(args);
  if (typeof args.config === "string")
    return loadMasterConfig({ path: args.config, flags, env: process.env });
  const root = dirname(path);
  const places = { "scanner.root_path": root, "scanner.output_base": join(root, "converted") };
  return loadMasterConfig({ path: null, implicit: false, flags: { ...places, ...flags }, env: {} });
}

/** '/'-separated below the library's root; null for a film that lies elsewhere. Either may be named through a link. */
function relOf(path: string, { scanner }: MasterConfig): string | null {
  const below = (root: string, file: string) => {
    const way = relative(root, file);
    const outside = way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
    return outside ? null : way.replaceAll(sep, "/");
  };
  const real = (name: string) => {
    try {
      return realpathSync(name);
    } catch {
      return name;
    }
  };
  return below(scanner.root_path, path) ?? below(real(scanner.root_path), real(path));
}
