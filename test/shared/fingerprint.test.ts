import { expect, test } from "bun:test";
import { fingerprintOf, parseFingerprint } from "../../src/shared/fingerprint.ts";

const HEX = "0123456789abcdef".repeat(4);
const COLONS = HEX.toUpperCase().match(/../g)?.join(":") ?? "";

test.each<[string, string | null]>([
  [`sha256:${HEX}`, `sha256:${HEX}`],
  [`SHA256:${HEX.toUpperCase()}`, `sha256:${HEX}`],
  [HEX, `sha256:${HEX}`],
  [COLONS, `sha256:${HEX}`],
  [` sha256:${COLONS}\n`, `sha256:${HEX}`],
  ["", null],
  ["sha256:", null],
  [HEX.slice(1), null],
  [`${HEX}0`, null],
  [`${HEX}00`, null],
  [`sha1:${HEX}`, null],
  [`g${HEX.slice(1)}`, null],
  [HEX.replace("01", "0:1"), null],
])("parses %j", (text, fingerprint) => expect(parseFingerprint(text)).toBe(fingerprint as never));

test("is the SHA-256 of all bytes", () =>
  expect(fingerprintOf(Buffer.from("abc"))).toBe(
    // FIPS 180-4's example.
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ));
