import { VcError } from "../../shared/errors.ts";

/** A hand-in with its report takes some kB. */
export const BODY_LIMIT = 1024 * 1024;

/** The fields that a body holds; an empty one holds none. Throws VcError "too_large" or "bad_request". */
export async function readFields(request: Request): Promise<object> {
  const text = await readText(request);
  if (text.trim() === "") return {};
  if (isDeep(text)) throw new VcError("bad_request", `the body nests deeper than ${DEEPEST} levels.`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new VcError("bad_request", "the body is not JSON.", { cause });
  }
  if (body !== null && typeof body === "object" && !Array.isArray(body)) return body;
  throw new VcError("bad_request", "the body is JSON, but not an object of named fields.");
}

/** No call nests deeper than ten; to look at a hundred thousand takes the stack, and seconds. */
const DEEPEST = 64;

/** Whether JSON nests too deeply, before anything takes it apart. Each character is looked at once, whatever they are. */
function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** The listener holds a body to the length that it announces; one without is counted as it comes. */
async function readText(request: Request): Promise<string> {
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > BODY_LIMIT) throw tooLarge();
  if (announced !== null || request.body === null) return request.text();
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const piece of request.body) {
    size += piece.byteLength;
    if (size > BODY_LIMIT) throw tooLarge();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(): VcError {
  return new VcError("too_large", `the body is larger than ${BODY_LIMIT} bytes.`);
}
