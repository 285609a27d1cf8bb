import { readFile } from "node:fs/promises";
import { openSocketOwner, type SocketOwner } from "../../../shared/socket-owner.ts";

/** The two ends of a connection on the loopback, as the server sees them. */
type Ends = { port: number; peer_port: number };

/**
 * Whether the other end of a connection belongs to this process's user, or to root: the addresses that ffmpeg is given
 * stand in its command line, which every user of a machine may read. Only Linux tells; elsewhere everybody passes.
 */
export async function isOwnPeer(ends: Ends): Promise<boolean> {
  ownerOfSocket ??= { ask: openSocketOwner() };
  const told = ownerOfSocket.ask?.({ port: ends.peer_port, peer_port: ends.port }) ?? null;
  const owner = told ?? (await ownerInTables(ends));
  return owner === null || owner === 0 || owner === process.geteuid?.();
}

/** Opened once for a process. */
let ownerOfSocket: { ask: SocketOwner | null } | null = null;

async function ownerInTables(ends: Ends): Promise<ReturnType<typeof ownerOfPeer>> {
  // Each costs some 4 ms, however few connections there are: ffmpeg is found in the first.
  const table = await readTable("/proc/net/tcp");
  const found = ownerOfPeer(table, ends);
  return found === "nobody" ? ownerOfPeer(`${table}\n${await readTable("/proc/net/tcp6")}`, ends) : found;
}

function readTable(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/**
 * The number of the user who has the other end, from the text of /proc/net/tcp and tcp6 (proc(5)); `nobody` where that
 * end is in neither, and null where the tables do not even show our own.
 */
export function ownerOfPeer(tables: string, { port, peer_port }: Ends): number | "nobody" | null {
  const rows = tables.split("\n").map((line) => line.trim().split(/\s+/));
  const between = (from: number, to: number) =>
    rows.find(([, local, remote]) => isLoopback(local, from) && isLoopback(remote, to));
  if (between(port, peer_port) === undefined) return null;
  const uid = between(peer_port, port)?.[7];
  return uid === undefined ? "nobody" : Number(uid);
}

/** 127.0.0.1 in the byte order of the machine, alone or in an address of IPv6. */
function isLoopback(address: string | undefined, port: number): boolean {
  const text = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return address?.endsWith(text) === true && /(?:0100007F|7F000001):/.test(address);
}
