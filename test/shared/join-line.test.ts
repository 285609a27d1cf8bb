import { expect, test } from "bun:test";
import { parseFingerprint } from "../../src/shared/fingerprint.ts";
import { formatJoinLine, type Invitation, parseJoinLine } from "../../src/shared/join-line.ts";

const plain: Invitation = {
  urls: ["http://nas:8080"],
  token: "t0ken",
  tls_fingerprint: null,
  worker_id: null,
};
const full: Invitation = {
  urls: ["https://nas:8080", "https://192.0.2.2:8080", "https://[2001:db8::1]:8080"],
  token: "vcw-9dd90f27efc9-ssnlhadBH4gLYFXE61IidbCtvqjmuOiYJuCmOGOXmbw",
  tls_fingerprint: parseFingerprint("5a".repeat(32)),
  worker_id: 'küche "1"',
};
const line = formatJoinLine(full);

test.each([
  ["the least", plain],
  ["all there can be", full],
])("a line is one plain word, and read again is what it was made of: %s", (_, invitation) => {
  const made = formatJoinLine(invitation);
  expect(made).toMatch(/^vc1_[\w-]+$/);
  expect(parseJoinLine(made)).toEqual(invitation);
});

test("no two forms: a line that was once handed out stays readable", () =>
  expect(parseJoinLine("vc1_R9MUo3sidSI6WyJodHRwOi8vbmFzOjgwODAiXSwidCI6InQwa2VuIn0")).toEqual(plain));

test.each([
  ["with its command", `vc join ${line}`],
  ["with spaces and a newline", `  ${line}\n`],
  ["broken by a terminal", line.match(/.{1,80}/g)?.join("\n") ?? ""],
  ["broken and indented", line.match(/.{1,70}/g)?.join("\r\n  ") ?? ""],
])("is understood %s", (_, text) => expect(parseJoinLine(text)).toEqual(full));

test("every single wrong, missing or doubled character is told", () => {
  for (let at = 4; at < line.length; at++) {
    const other = line[at] === "A" ? "B" : "A";
    const changed = line.slice(0, at) + other + line.slice(at + 1);
    // The last character has bits that stand for nothing.
    if (at < line.length - 1) expect(parseJoinLine(changed), `${at}`).toBeString();
    expect(parseJoinLine(line.slice(0, at) + line.slice(at + 1))).toBeString();
    expect(parseJoinLine(line.slice(0, at) + line[at] + line.slice(at))).toBeString();
  }
});

test.each([
  ["nothing", "", "is none: it begins with vc1_"],
  ["a token alone", "vGPJHiqXqsN_nhp1RZ4W", "is none"],
  ["half of it", line.slice(0, 60), "is not as it was printed: copy the whole of it once more"],
  ["one too many", `${line}x`, "is not as it was printed"],
  ["other characters", `${line}!`, "is not as it was printed"],
  ["one of a later version", line.replace("vc1_", "vc2_"), "was made by another version of vc"],
])("what is none is told: %s", (_, text, sentence) => expect(parseJoinLine(text)).toContain(sentence));

test.each([
  ["no address", { ...plain, urls: [] }],
  ["something else than an address", { ...plain, urls: ["file:///etc/passwd"] }],
  ["a token of two lines", { ...plain, token: "a\nb" }],
  ["a name with control characters", { ...plain, worker_id: "a\u001b[2J" }],
])("what does not stand in a right line is refused: %s", (_, invitation) =>
  expect(parseJoinLine(formatJoinLine(invitation))).toContain("does not understand"),
);
