import { closeSync, openSync, readSync } from "node:fs";
import { messageOf, systemCode, VcError } from "../shared/errors.ts";

/** What marks a file as vc's own (`PRAGMA application_id`): "vcdb" in ASCII. */
export const APPLICATION_ID = 0x76636462;

/** Lengths and places of the header, from "The Database Header" of SQLite's file format. */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const APPLICATION_ID_AT = 68;

export type FileKind =
  | "missing"
  /** No byte in it: for SQLite a database without tables. */
  | "empty"
  /** vc's own, or one from before files were marked. */
  | "database"
  | "foreign"
  /** No database at all, or one whose beginning is damaged. */
  | "unknown";

/** What a file is, by its first bytes. Throws VcError("storage") when it cannot be read. */
export function kindOfFile(path: string): FileKind {
  let header: Buffer;
  try {
    header = readStart(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return "missing";
    const message = `The database ${path} cannot be read: ${messageOf(cause)}. Check database.path and the file's permissions.`;
    throw new VcError("storage", message, { cause });
  }
  if (header.length === 0) return "empty";
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) return "unknown";
  const id = header.readUInt32BE(APPLICATION_ID_AT);
  return id === 0 || id === APPLICATION_ID ? "database" : "foreign";
}

function readStart(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(HEADER_BYTES);
    return buffer.subarray(0, readSync(file, buffer, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
