import { type ArgsDef, type CommandDef, renderUsage, runCommand } from "citty";
import { VcError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { version } from "../../shared/version.ts";
import { normalize } from "./arguments.ts";

/** Finds the command, checks its arguments, runs it. Resolves with the exit code; throws VcError("usage"). */
export async function runProgram(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    console.error(await overview());
    return 2;
  }
  if (["help", "--help", "-h"].includes(name)) return help(rest[0]);
  const command = await find(name);
  const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (options.includes("--help") || options.includes("-h")) return help(name);
  const rawArgs = normalize(rest, (command.args ?? {}) as ArgsDef, name);
  const { result } = await runCommand(command, { rawArgs });
  return typeof result === "number" ? result : 0;
}

/** Loaded one at a time: a command costs only its own imports. The order is that of `vc help`. */
const COMMANDS: Record<string, () => Promise<CommandDef>> = {
  master: async () => plain((await import("./master.ts")).master),
  worker: async () => plain((await import("./worker.ts")).worker),
  join: async () => plain((await import("./join.ts")).join),
  convert: async () => plain((await import("./convert.ts")).convert),
  start: async () => plain((await import("./convert.ts")).convert),
  plan: async () => plain((await import("./plan.ts")).plan),
  status: async () => plain((await import("./status.ts")).status),
  stats: async () => plain((await import("./stats.ts")).stats),
  jobs: async () => plain((await import("./jobs.ts")).jobs),
  workers: async () => plain((await import("./workers.ts")).workers),
  retry: async () => plain((await import("./retry.ts")).retry),
  cancel: async () => plain((await import("./cancel.ts")).cancel),
  priority: async () => plain((await import("./priority.ts")).priority),
  originals: async () => plain((await import("./originals.ts")).originals),
  undo: async () => plain((await import("./undo.ts")).undo),
  purge: async () => plain((await import("./purge.ts")).purge),
  scan: async () => plain((await import("./scan.ts")).scan),
  drain: async () => plain((await import("./drain.ts")).drain),
  resume: async () => plain((await import("./resume.ts")).resume),
  token: async () => plain((await import("./token.ts")).token),
  restore: async () => plain((await import("./restore.ts")).restore),
  detect: async () => plain((await import("./detect.ts")).detect),
  validate: async () => plain((await import("./validate.ts")).validate),
};

/** citty ties a command to the exact type of its options; a table of commands needs them all alike. */
function plain<T extends ArgsDef>(command: CommandDef<T>): CommandDef {
  return command as unknown as CommandDef;
}

async function find(name: string): Promise<CommandDef> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return load();
  if (name.startsWith("-")) throw new VcError("usage", `unknown option ${name}; see \`vc help\``);
  const near = nearest(name, [...Object.keys(COMMANDS), "help", "version"]);
  const hint = near === null ? "see `vc help`" : `did you mean \`vc ${near}\`?`;
  throw new VcError("usage", `unknown command ${JSON.stringify(name)}; ${hint}`);
}

async function help(name: string | undefined): Promise<number> {
  console.log(name === undefined ? await overview() : await usageOf(name));
  return 0;
}

async function usageOf(name: string): Promise<string> {
  const usage = await renderUsage(await find(name), { meta: { name: "vc" } });
  return (process.stdout.isTTY ? usage : Bun.stripANSI(usage)).replace(/ +$/gm, "").trimEnd();
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const { meta } = await load();
      const description = meta !== undefined && "description" in meta ? String(meta.description) : "";
      return `  ${name.padEnd(10)} ${description}`;
    }),
  );
  return [
    `vc ${version}: a distributed video converter`,
    "",
    "Usage: vc COMMAND [OPTIONS]",
    "",
    ...lines,
    "",
    "`vc help COMMAND` tells its options, `vc --version` the version.",
  ].join("\n");
}
