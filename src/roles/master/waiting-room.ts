import { ERRORS } from "../../shared/errors.ts";
import { version } from "../../shared/version.ts";

const MESSAGE = "The master is checking its database; it goes on by itself. Try again in a moment.";

/** What a master answers while its database is not open yet: that it lives, and nothing else. */
export const waitingRoom = {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return answer({ ok: true, version }, 200);
    if (pathname === "/readyz") return answer({ ready: false, problems: [MESSAGE] }, 503);
    return answer({ error: "unavailable", message: MESSAGE }, ERRORS.unavailable.status);
  },
};

function answer(body: object, status: number): Response {
  const headers = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Retry-After": "1" };
  return Response.json(body, { status, headers });
}
