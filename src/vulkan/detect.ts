import * as v from "valibot";
import { messageOf } from "../shared/errors.ts";
import { selfCommand } from "../shared/platform.ts";
import { VulkanProbe } from "./devices.ts";

/** A machine with eight sleeping cards takes some ten seconds to wake them up. */
const LIMIT_MS = 30_000;
/** A device takes some 10 kB. */
const MAX_LENGTH = 4_000_000;
/** What the child's lines about its next step begin with; they go to stderr, where drivers write, too. */
export const STEP = "vc-probe: ";

type NoVulkan = Extract<VulkanProbe, { available: false }>;

/**
 * What the Vulkan drivers of this machine offer, asked anew in a child process (`vc __probe`) that is killed after
 * `limit_ms`. Whatever a driver does there, this resolves, with one sentence about it; it never rejects.
 */
export async function probeVulkan(
  options: { command?: string[]; env?: Record<string, string | undefined>; limit_ms?: number } = {},
): Promise<VulkanProbe> {
  const { command = [...selfCommand(), "__probe"], env = process.env, limit_ms = LIMIT_MS } = options;
  let child: ReturnType<typeof start>;
  try {
    child = start(command, env);
  } catch (error) {
    return none("unreadable", `the Vulkan probe could not be started: ${messageOf(error)}`);
  }
  const steps = listen(child.stderr);
  const report = Promise.withResolvers<VulkanProbe>();
  const output = listen(child.stdout, (text) => {
    const read = text.endsWith("\n") ? parseReport(text) : null;
    if (read !== null) report.resolve(read);
    else if (text.length > MAX_LENGTH)
      report.resolve(none("unreadable", "the Vulkan probe never stops talking"));
  });
  const ended = Promise.all([child.exited, steps.over, output.over]).then(() => null);
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), limit_ms);
  const first = await Promise.race([report.promise, ended, late.promise]);
  clearTimeout(timer);
  // Not waited for: a driver may keep it inside the kernel, or hang in what it does at the end of a process.
  child.kill("SIGKILL");
  child.unref();
  if (first === "late") {
    return none("hung", `a Vulkan driver gave no answer within ${limit_ms / 1000} s${whileIn(steps.text())}`);
  }
  return first ?? parseReport(output.text()) ?? fate(child, steps.text());
}

function start(command: string[], env: Record<string, string | undefined>) {
  return Bun.spawn(command, {
    // The child ends with this process, and tells nobody outside of this machine about a driver's crash.
    env: { ...env, BUN_OPTIONS: "--no-orphans", BUN_ENABLE_CRASH_REPORTING: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    windowsHide: true,
  });
}

/** Gathers what is written, from its end backwards no more than the limit. */
function listen(stream: ReadableStream<Uint8Array>, onText: (text: string) => void = () => {}) {
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      text = (text + decoder.decode(piece, { stream: true })).slice(-MAX_LENGTH - 1);
      onText(text);
    }
  };
  // A broken pipe ends the text, like the end of the process.
  return { text: () => text, over: read().catch(() => {}) };
}

/** The report is the last line: drivers may have written before it. */
function parseReport(text: string): VulkanProbe | null {
  try {
    const read = v.safeParse(VulkanProbe, JSON.parse(text.trimEnd().split("\n").at(-1) ?? ""));
    return read.success ? read.output : null;
  } catch {
    return null;
  }
}

/** Why a child left no report. */
function fate(
  child: { exitCode: number | null; signalCode: string | number | null },
  steps: string,
): NoVulkan {
  const { exitCode, signalCode } = child;
  if (signalCode === null && exitCode === 0) {
    return none("unreadable", `the Vulkan probe ended without a readable report${whileIn(steps)}`);
  }
  const how = signalCode ?? `exit code ${exitCode}`;
  return none("crashed", `a Vulkan driver crashed (${how})${whileIn(steps)}`);
}

function whileIn(steps: string): string {
  const last = steps.split("\n").findLast((line) => line.includes(STEP));
  return last === undefined ? "" : ` while ${last.slice(last.indexOf(STEP) + STEP.length)}`;
}

function none(reason: NoVulkan["reason"], message: string): NoVulkan {
  return { available: false, reason, message };
}
