import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { messageOf, VcError } from "../../shared/errors.ts";
import { makePrivateFile } from "../../shared/private-file.ts";
import { readTokenFile } from "../../shared/token.ts";
import type { AccessRule } from "./auth.ts";

/**
 * The rule for this master's calls: the configured token, or the one in `DATABASE.token`, which is made at the
 * first start. Throws VcError("storage") when that file can neither be read nor made.
 */
export function accessRule(of: {
  token: string | null;
  allow_anonymous: boolean;
  database_path: string;
}): AccessRule {
  const { allow_anonymous } = of;
  if (of.token !== null) return { token: of.token, made: false, allow_anonymous };
  return { token: keptToken(tokenPath(of.database_path)), made: true, allow_anonymous };
}

/** Where the made token is kept: beside the database, readable by the master's user alone. */
export function tokenPath(database_path: string): string {
  return `${database_path}.token`;
}

function keptToken(path: string): string {
  try {
    return existsSync(path) ? readTokenFile(path) : makeToken(path);
  } catch (cause) {
    if (cause instanceof VcError) throw cause;
    const message = `cannot keep the token in ${path}: ${messageOf(cause)}. Make its folder writable, or set server.token.`;
    throw new VcError("storage", message, { cause });
  }
}

/** Another start may have made one meanwhile: that one counts. */
function makeToken(path: string): string {
  const token = randomBytes(32).toString("base64url");
  return makePrivateFile(path, `${token}\n`) ? token : readTokenFile(path);
}
