import { readFileSync } from "node:fs";

/** The C library that this process runs on, by its whole path, so that none of the same name can take its place. */
export function systemLibrary(): string | null {
  if (process.platform === "darwin") return "/usr/lib/libSystem.B.dylib";
  if (process.platform !== "linux") return null;
  const maps = readFileSync("/proc/self/maps", "utf8");
  return /\s(\/\S*\/(?:libc\.so\.6|libc-2[^/]*\.so|(?:ld|libc)[-.]musl-[^/]*))$/m.exec(maps)?.[1] ?? null;
}
