import { expect, test } from "bun:test";
import { BODY_LIMIT, readFields } from "../../../src/roles/master/body.ts";

const request = (body: string | ReadableStream, headers: Record<string, string> = {}) =>
  new Request("http://x/", { method: "POST", body, headers });
const pieces = (count: number, piece: string) =>
  new ReadableStream({
    start(controller) {
      for (let number = 0; number < count; number++) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });

test.each([
  ["", {}],
  ["  \n", {}],
  ['{"a":1}', { a: 1 }],
  ['{"a":1,"a":2}', { a: 2 }],
])("%p holds %p", async (text, fields) => {
  expect(await readFields(request(text))).toEqual(fields);
});

test("a field called __proto__ is a field, and changes no object", async () => {
  const fields = await readFields(request('{"__proto__":{"admin":true}}'));
  expect(Object.keys(fields)).toEqual(["__proto__"]);
  expect("admin" in fields).toBe(false);
});

test("what is no JSON object is refused, however deep", async () => {
  for (const text of [
    "{",
    "[1]",
    "null",
    '"x"',
    "7",
    "\u0000",
    "[".repeat(100_000),
    '{"a":'.repeat(100_000),
  ]) {
    await expect(readFields(request(text))).rejects.toMatchObject({ code: "bad_request" });
  }
});

test("a body that comes in pieces is put together, letters that were cut included", async () => {
  const bytes = new TextEncoder().encode('{"a":"映画"}');
  const cut = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await readFields(request(cut))).toEqual({ a: "映画" });
});

test("what is too large is refused, announced or not", async () => {
  const tooLarge = { code: "too_large", message: expect.stringContaining(String(BODY_LIMIT)) };
  await expect(readFields(request(pieces(300, "x".repeat(4096))))).rejects.toMatchObject(tooLarge);
  const announced = request("{}", { "content-length": String(BODY_LIMIT + 1) });
  await expect(readFields(announced)).rejects.toMatchObject(tooLarge);
});

test.each([
  ["64 levels", `${'{"a":'.repeat(64)}1${"}".repeat(64)}`, null],
  ["65 levels", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, "the body nests deeper than 64 levels."],
  ["lists", `{"a":${"[".repeat(500_000)}`, "the body nests deeper than 64 levels."],
  ["brackets in text", `{"a":"${'\\"[{'.repeat(1000)}"}`, null],
  ["text that never ends", `{"a":"${'\\"'.repeat(500_000)}`, "the body is not JSON."],
])("a body that nests: %s", async (_, text, message) => {
  const read = readFields(request(text));
  if (message === null) expect(Object.keys(await read)).toEqual(["a"]);
  else await expect(read).rejects.toThrow(message);
});
