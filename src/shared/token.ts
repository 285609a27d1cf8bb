import { readFileSync } from "node:fs";
import { fileTrouble, VcError } from "./errors.ts";

/** 96 random bits take so many letters and digits. */
const SHORTEST = 16;

/** Why a token that a person chose can be found by trying, in one sentence; null where it is long enough. */
export function weaknessOf(token: string): string | null {
  if (token.length >= SHORTEST) return null;
  return `has ${token.length} characters and can be found by trying: leave it out, so that the master makes one of its own (\`vc token show\` prints it), or choose at least ${SHORTEST} random ones`;
}

/** The token that a file holds on its first line. Throws VcError("config") when there is none. */
export function readTokenFile(path: string): string {
  const text = read(path);
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new VcError("config", `the token file ${path} must hold one token on one line and nothing else`);
  }
  return token;
}

/** The environment for other programs: without VC_TOKEN, and VC_WORKER_TOKEN and the like, which name the same key. */
export function withoutTokens(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^VC_(\w+_)?TOKEN$/i.test(name)));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new VcError("config", `cannot read the token file ${path}: ${fileTrouble(cause)}`, { cause });
  }
}
