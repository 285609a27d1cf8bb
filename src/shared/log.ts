import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type ConsolaInstance, createConsola, type LogObject } from "consola";
import { fileTrouble, VcError } from "./errors.ts";
import { printable } from "./printable.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Record<string, unknown>;
export type Logger = Record<LogLevel, (message: string, fields?: LogFields) => void> & {
  /** A logger whose every line also has these fields. */
  with(fields: LogFields): Logger;
  /** Resolves when all is written; nothing may be logged afterwards. */
  close(): Promise<void>;
};

/**
 * Lines for people (`text`) or for collectors (`json`: one object a line with time, level, message and the
 * fields), to a file that is appended to, or to standard output. Tokens are never written.
 * Throws VcError("config") when the file cannot be opened.
 */
export function createLogger(options: {
  level: LogLevel;
  format: "text" | "json";
  output_path: string | null;
  fields?: LogFields;
}): Logger {
  const sink = together(options.output_path === null ? standardOutput() : appendTo(options.output_path));
  const format = options.format === "json" ? jsonLine : textLine(sink.colours);
  const writer = createConsola({
    level: LEVELS[options.level],
    throttle: 0,
    reporters: [{ log: (line) => sink.write(`${format(line)}\n`) }],
  });
  return loggerOf(writer, options.fields ?? {}, sink.close);
}

/** Consola's numbers: errors 0, warnings 1, information 3, debugging 4. */
const LEVELS = { error: 0, warn: 1, info: 3, debug: 4 } as const;

function loggerOf(writer: ConsolaInstance, own: LogFields, close: () => Promise<void>): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    writer[level](message, { ...own, ...fields });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => loggerOf(writer, { ...own, ...fields }, close),
    close,
  };
}

/** `write` gets whole lines. */
type Sink = { colours: boolean; write(lines: string): void; close(): Promise<void> };

/** What is logged in one go is written at once, right after it: a commit of many jobs has a line for each. */
function together(sink: Sink): Sink {
  let lines = "";
  const flush = () => {
    const ready = lines;
    lines = "";
    if (ready !== "") sink.write(ready);
  };
  // Who ends the process in the middle of it still has its last words written.
  process.on("exit", flush);
  return {
    colours: sink.colours,
    write(text) {
      if (lines === "") queueMicrotask(flush);
      lines += text;
    },
    close() {
      process.off("exit", flush);
      flush();
      return sink.close();
    },
  };
}

function standardOutput(): Sink {
  return {
    colours: process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "",
    write: (lines) => void process.stdout.write(lines),
    close: () => new Promise((resolve) => process.stdout.write("", () => resolve())),
  };
}

function appendTo(path: string): Sink {
  const file = openLog(path);
  let missed = 0;
  return {
    colours: false,
    // A full disk must not end a master or a worker: what could not be written is counted, and said later.
    write(lines) {
      try {
        if (missed > 0) writeSync(file, `(${missed} lines could not be written here)\n`);
        missed = 0;
        writeSync(file, lines);
      } catch {
        missed += lines.split("\n").length - 1;
      }
    },
    close: async () => closeSync(file),
  };
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "a", 0o640);
  } catch (cause) {
    const message = `logging.output_path: cannot write to ${path}: ${fileTrouble(cause)}`;
    throw new VcError("config", message, { cause });
  }
}

function jsonLine(line: LogObject): string {
  const { message, fields } = partsOf(line);
  const seen = { time: line.date.toISOString(), level: line.type, message };
  return JSON.stringify({ ...seen, ...Object.fromEntries(fields.filter(([name]) => !(name in seen))) });
}

const COLOURS: Record<string, string> = { debug: "\x1b[90m", warn: "\x1b[33m", error: "\x1b[31m" };

function textLine(colours: boolean): (line: LogObject) => string {
  return (line) => {
    const { message, fields } = partsOf(line);
    const level = line.type.toUpperCase().padEnd(5);
    const colour = colours ? (COLOURS[line.type] ?? "") : "";
    const shown = colour === "" ? level : `${colour}${level}\x1b[0m`;
    const pairs = fields.map(([name, value]) => ` ${name}=${textValue(value)}`);
    return `${line.date.toISOString()} ${shown} ${printable(message)}${pairs.join("")}`;
  };
}

function textValue(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return typeof value === "string" && /[\s"=]/.test(text) ? printable(JSON.stringify(text)) : printable(text);
}

function partsOf(line: LogObject): { message: string; fields: [string, unknown][] } {
  const [message, fields] = line.args as [string, LogFields | undefined];
  const shown = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  return {
    message: withoutBearer(message),
    fields: shown.map(([name, value]) => [name, loggable(name, value)]),
  };
}

function loggable(name: string, value: unknown): unknown {
  if (/^(token|authorization)$/i.test(name)) return "(hidden)";
  if (value instanceof Error) return withoutBearer(value.message);
  if (typeof value === "bigint") return value.toString();
  return typeof value === "string" ? withoutBearer(value) : value;
}

function withoutBearer(text: string): string {
  // Nearly all texts are neither, and there is one for each field of a line.
  if (!/bearer|vcw-/i.test(text)) return text;
  return text
    .replace(/\bBearer\s+\S+/gi, "Bearer (hidden)")
    .replace(/\b(vcw-[0-9a-f]{12})-[\w-]{43}/g, "$1-(hidden)");
}
