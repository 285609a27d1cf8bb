import { expect, test } from "bun:test";
import { ownerOfPeer } from "../../../../src/roles/worker/transfer/peer-user.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, remote: string, uid: number) =>
  `  19: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000 ${uid}        0 8832819 1 0 20 4 30 10 -1`;
const ends = { port: 0xabb5, peer_port: 0x0cd2 };
const OURS = row("0100007F:ABB5", "0100007F:0CD2", 7);
const OTHERS = [
  row("0100007F:ABB5", "0100007F:0CD3", 1),
  row("0100007F:0CD2", "0100007F:ABB6", 2),
  row("0200007F:0CD2", "0100007F:ABB5", 3),
  row("0100007F:ABB5", "00000000:0000", 4),
];

test.each<[string, string[], ReturnType<typeof ownerOfPeer>]>([
  ["another user", [...OTHERS, OURS, row("0100007F:0CD2", "0100007F:ABB5", 65_534)], 65_534],
  ["this user", [row("0100007F:0CD2", "0100007F:ABB5", 7), OURS, ...OTHERS], 7],
  [
    "one who came by IPv6",
    [OURS, row("0000000000000000FFFF00000100007F:0CD2", "0000000000000000FFFF00000100007F:ABB5", 65_534)],
    65_534,
  ],
  [
    "another byte order",
    [row("7F000001:ABB5", "7F000001:0CD2", 7), row("7F000001:0CD2", "7F000001:ABB5", 8)],
    8,
  ],
  ["an end that is gone", [OURS, ...OTHERS], "nobody"],
  ["tables that show nothing of it", OTHERS, null],
  ["no tables", [], null],
])("the other end is that of %s", (_, rows, owner) => {
  expect(ownerOfPeer([HEAD, ...rows].join("\n"), ends)).toBe(owner);
});
