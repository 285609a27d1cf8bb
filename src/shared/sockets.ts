import { dlopen, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";
import { systemLibrary } from "./system-library.ts";

/** A connection that this process holds: its file descriptor, and the other end as Bun tells it of requests. */
export type OpenConnection = { fd: number; address: string; port: number };

export type Sockets = {
  /** All connections that came in at a port of this machine. */
  connectionsTo(port: number): OpenConnection[];
  /** Ends a connection in both directions; whoever owns it sees that the other end hung up. */
  end(connection: OpenConnection): void;
  /**
   * How much the system takes, for each connection that comes in at this port from now on, of what its other end has not
   * read yet (Linux doubles it). Without it that is as much as 4 MiB on Linux (tcp_wmem of tcp(7)).
   */
  limitUnread(port: number, bytes: number): void;
};

/** The system's own view of this process's connections, which Bun does not count; null where it cannot be had. */
export function openSockets(): Sockets | null {
  const path = systemLibrary();
  if (path === null) return null;
  const { symbols } = dlopen(path, FUNCTIONS);
  const address = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint32Array(1);
  const text = new Uint8Array(TEXT_BYTES);
  const ask = (
    question: typeof symbols.getpeername,
    fd: number,
  ): { address: string; port: number } | null => {
    length[0] = SOCKADDR_BYTES;
    if (question(fd, ptr(address), ptr(length)) !== 0) return null;
    // macOS has the length in the first byte.
    const family = process.platform === "darwin" ? address[1] : address[0];
    const at = family === AF_INET ? IPV4_AT : IPV6_AT;
    if (family !== AF_INET && family !== AF_INET6) return null;
    if (symbols.inet_ntop(family, ptr(address, at), ptr(text), TEXT_BYTES) === null) return null;
    const port = (address[2] ?? 0) * 256 + (address[3] ?? 0);
    return { address: Buffer.from(text.subarray(0, text.indexOf(0))).toString("latin1"), port };
  };
  const peerAt = (fd: number, port: number) =>
    ask(symbols.getsockname, fd)?.port === port ? ask(symbols.getpeername, fd) : null;
  return {
    connectionsTo: (port) =>
      fileDescriptors().flatMap((fd) => {
        const peer = peerAt(fd, port);
        return peer === null ? [] : [{ fd, ...peer }];
      }),
    end: ({ fd }) => void symbols.shutdown(fd, SHUT_RDWR),
    limitUnread(port, bytes) {
      const value = new Int32Array([bytes]);
      const listens = (fd: number) =>
        ask(symbols.getsockname, fd)?.port === port && ask(symbols.getpeername, fd) === null;
      for (const fd of fileDescriptors().filter(listens))
        symbols.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, ptr(value), value.byteLength);
    },
  };
}

const FUNCTIONS = {
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  inet_ntop: { args: ["i32", "ptr", "ptr", "u32"], returns: "ptr" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
} as const;

/** sockaddr_storage and INET6_ADDRSTRLEN of POSIX; sockaddr_in and sockaddr_in6 have the address at these bytes. */
const SOCKADDR_BYTES = 128;
const TEXT_BYTES = 46;
const IPV4_AT = 4;
const IPV6_AT = 8;
const AF_INET = 2;
const AF_INET6 = process.platform === "darwin" ? 30 : 10;
const SHUT_RDWR = 2;
const [SOL_SOCKET, SO_SNDBUF] = process.platform === "darwin" ? [0xffff, 0x1001] : [1, 7];

function fileDescriptors(): number[] {
  return readdirSync("/dev/fd").map(Number);
}
