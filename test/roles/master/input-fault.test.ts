import { expect, test } from "bun:test";
import * as v from "valibot";
import { inputFault } from "../../../src/roles/master/input-fault.ts";
import { count, flag, Id, Text, Time } from "../../../src/shared/endpoint.ts";
import { protocol } from "../../../src/shared/protocol.ts";

const schema = v.object({
  id: v.optional(Id),
  note: v.optional(Text(3)),
  limit: v.optional(count(10)),
  wanted: v.optional(flag),
  time: v.optional(Time),
  mode: v.optional(v.picklist(["a", "b", "c"])),
  version: v.optional(v.union([v.literal("2"), v.literal(2)])),
  list: v.optional(v.pipe(v.array(v.object({ size: v.number() })), v.minLength(1), v.maxLength(2))),
});
const faults = (input: unknown) => (v.safeParse(schema, input).issues ?? []).map(inputFault);

test.each<[unknown, string[]]>([
  [{}, []],
  [{ id: "" }, ['id: found ""; allowed: at least 1 character']],
  [{ id: 7 }, ["id: found 7; allowed: text"]],
  [{ note: "long" }, ['note: found "long"; allowed: at most 3 characters']],
  [{ limit: "abc" }, ['limit: found "abc"; allowed: a whole number']],
  [{ limit: 1.5 }, ["limit: found 1.5; allowed: a whole number"]],
  [{ limit: "11" }, ["limit: found 11; allowed: at most 10"]],
  [{ limit: -1 }, ["limit: found -1; allowed: at least 0"]],
  [{ wanted: "maybe" }, ['wanted: found "maybe"; allowed: true or false']],
  [
    { time: "nonsense" },
    ['time: found "nonsense"; allowed: a time of RFC 3339, such as 2026-11-22T08:46:08Z'],
  ],
  [{ mode: "z" }, ['mode: found "z"; allowed: a, b or c']],
  [{ version: 3 }, ["version: found 3; allowed: 2"]],
  [{ list: {} }, ["list: found {}; allowed: a list"]],
  [{ list: [] }, ["list: found []; allowed: at least 1 entry"]],
  [{ list: [{}] }, ["list.0.size: is missing"]],
  [{ list: ["x"] }, ['list.0: found "x"; allowed: named fields']],
  [{ id: "x".repeat(300) }, [`id: found "${"x".repeat(56)}...; allowed: at most 200 characters`]],
  [{ mode: "\x1b[2J" }, ['mode: found "\\u001b[2J"; allowed: a, b or c']],
  ["text", ['input: found "text"; allowed: named fields']],
])("%j", (input, expected) => expect(faults(input)).toEqual(expected));

test.each<[string, boolean]>([
  ["2026-11-22T08:46:08Z", true],
  ["2026-11-22t08:46:08z", true],
  ["2026-11-22T08:46:08.123456789Z", true],
  ["2026-11-22T08:46:08.1+05:30", true],
  ["2026-12-31T23:59:60-08:00", true],
  ["2026-11-22 08:46:08Z", true],
  ["2026-11-22T08:46:08", false],
  ["2026-13-22T08:46:08Z", false],
  ["2026-11-22T24:00:00Z", false],
  ["2026-11-22", false],
  ["1763800000", false],
  ["nonsense", false],
  ["", false],
])("a heartbeat of %s", (timestamp, right) => {
  const heartbeat = {
    worker_id: "w",
    hostname: "h",
    vulkan_available: false,
    active_jobs: 0,
    status: "idle",
  };
  expect(v.is(protocol.heartbeat.input, { ...heartbeat, timestamp })).toBe(right);
});
