import { dlopen, linkSymbols, type Pointer } from "bun:ffi";
import { dirname } from "node:path";
import { messageOf } from "../shared/errors.ts";
import { vulkanLibraries } from "../shared/platform.ts";
import { placeText } from "./memory.ts";

/**
 * A function of Vulkan. All arguments are addresses or null (0n). What functions that return nothing leave in the
 * register is no result.
 */
export type VulkanCall = (...args: bigint[]) => number;

export type Loader = {
  /** The name under which the library was found. */
  library: string;
  /** The function of an instance (0n: of none yet), or null where loader and drivers know none of that name. */
  find(of: { instance: bigint; name: string; arguments: number }): VulkanCall | null;
};

/** Opens the system's Vulkan loader, or says why it cannot. Only a probe's own process should: drivers may crash it. */
export function openLoader(libraries = vulkanLibraries()): Loader | { trouble: string } {
  const troubles: string[] = [];
  for (const library of libraries) {
    try {
      const { symbols } = fromSafeFolder(() => dlopen(library, ENTRY));
      return { library, find: (of) => bind(symbols.vkGetInstanceProcAddr, of) };
    } catch (error) {
      troubles.push(messageOf(error));
    }
  }
  return { trouble: troubles[0] ?? "this system has no name for it" };
}

/** Every other function is asked for by name. */
const ENTRY = { vkGetInstanceProcAddr: { args: ["u64", "u64"], returns: "u64" } } as const;

/**
 * Bun looks for a library in the current folder, too, where the system has none of its name; in a folder of films
 * anybody may have put one. So that folder is the executable's own meanwhile.
 */
function fromSafeFolder<T>(open: () => T): T {
  const current = process.cwd();
  process.chdir(dirname(process.execPath));
  try {
    return open();
  } finally {
    process.chdir(current);
  }
}

function bind(
  getProcAddr: (instance: bigint, name: bigint) => bigint,
  of: Parameters<Loader["find"]>[0],
): VulkanCall | null {
  const address = getProcAddr(of.instance, placeText(of.name).address);
  if (address === 0n) return null;
  const args = Array.from({ length: of.arguments }, () => "u64" as const);
  const linked = linkSymbols({ call: { ptr: Number(address) as Pointer, args, returns: "i32" } });
  return linked.symbols.call;
}
