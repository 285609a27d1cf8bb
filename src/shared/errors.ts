/**
 * Every way in which vc refuses or fails at an edge. `status` is the HTTP status a master answers with;
 * `exit` the exit code of a command that ends with it (1 failed, 2 wrong use).
 */
export const ERRORS = {
  bad_request: { status: 400, exit: 2 },
  unauthorized: { status: 401, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  not_found: { status: 404, exit: 1 },
  method_not_allowed: { status: 405, exit: 1 },
  conflict: { status: 409, exit: 1 },
  stale_attempt: { status: 409, exit: 1 },
  worker_id_taken: { status: 409, exit: 1 },
  session_replaced: { status: 409, exit: 2 },
  unknown_worker: { status: 409, exit: 1 },
  source_changed: { status: 409, exit: 1 },
  source_missing: { status: 404, exit: 1 },
  source_unreadable: { status: 403, exit: 1 },
  wrong_offset: { status: 409, exit: 1 },
  /** The master was restarted since the upload began: begin it again, what lies there stays. */
  unknown_upload: { status: 409, exit: 1 },
  corrupt_piece: { status: 400, exit: 1 },
  too_large: { status: 413, exit: 1 },
  bad_range: { status: 416, exit: 1 },
  too_many: { status: 429, exit: 1 },
  internal: { status: 500, exit: 1 },
  unavailable: { status: 503, exit: 1 },
  storage_full: { status: 507, exit: 1 },
  usage: { status: 400, exit: 2 },
  config: { status: 500, exit: 2 },
  unreachable: { status: 503, exit: 1 },
  /** The master's certificate is not the pinned one. */
  untrusted: { status: 503, exit: 2 },
  locked: { status: 503, exit: 1 },
  storage: { status: 503, exit: 1 },
  /** Only a person can put it right, so a service must not be started again and again. */
  damaged: { status: 503, exit: 2 },
  ffmpeg: { status: 500, exit: 1 },
  failed: { status: 500, exit: 1 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** A failure at an edge. The message says what happened, to what, and what to do about it. */
export class VcError extends Error {
  override readonly name = "VcError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of a failed call (`ENOSPC`, `EACCES`, ...), if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (error === null || typeof error !== "object" || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What the system said of a failed call on a file, without its code and without the path that the caller names. */
export function fileTrouble(error: unknown): string {
  return messageOf(error)
    .replace(/^[A-Z]+: /, "")
    .replace(/, \w+(?: '.*')?$/s, "");
}
