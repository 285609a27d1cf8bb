import { dlopen, ptr } from "bun:ffi";
import { systemLibrary } from "./system-library.ts";

/** Of a connection between two ports of 127.0.0.1, the number of the user who has the end at `port`; null where that cannot be said. */
export type SocketOwner = (of: { port: number; peer_port: number }) => number | null;

/**
 * Asks the kernel for one socket (sock_diag(7), struct inet_diag_req_v2), which takes some 5 µs; the table of them all,
 * /proc/net/tcp, takes 4 ms. Null where there is no such question: other systems, a process that may call no foreign
 * functions, or a kernel without inet_diag.
 */
export function openSocketOwner(): SocketOwner | null {
  const path = process.platform === "linux" ? systemLibrary() : null;
  if (path === null) return null;
  const symbols = functionsOf(path);
  if (symbols === null) return null;
  const fd = symbols.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return null;
  const reply = new DataView(new ArrayBuffer(REPLY_BYTES));
  return (of) => {
    const question = questionOf(of);
    if (symbols.send(fd, ptr(question), question.byteLength, 0) < 0) return null;
    // The kernel has answered by then.
    const length = symbols.recv(fd, ptr(reply), REPLY_BYTES, MSG_DONTWAIT);
    return length < REPLY_BYTES ? null : ownerIn(reply, of);
  };
}

/** Calls of foreign functions are compiled, which systems may forbid (MemoryDenyWriteExecute of systemd.exec(5)). */
function functionsOf(path: string) {
  try {
    return dlopen(path, FUNCTIONS).symbols;
  } catch {
    return null;
  }
}

const FUNCTIONS = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
} as const;

/** linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h; Bun runs on machines whose numbers begin with their low byte. */
const [AF_NETLINK, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST] = [16, 4, 20, 1];
const [AF_INET, IPPROTO_TCP, TCP_LISTEN, ALL_STATES] = [2, 6, 10, 0xffffffff];
const [SOCK_RAW, SOCK_CLOEXEC, MSG_DONTWAIT] = [3, 0o2000000, 0x40];
const LOOPBACK = 0x7f000001;
const QUESTION_BYTES = 72;
/** nlmsghdr and inet_diag_msg, without the attributes that nobody asked for. */
const REPLY_BYTES = 88;

function questionOf({ port, peer_port }: Parameters<SocketOwner>[0]): DataView {
  const view = new DataView(new ArrayBuffer(QUESTION_BYTES));
  view.setUint32(0, QUESTION_BYTES, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST, true);
  view.setUint8(16, AF_INET);
  view.setUint8(17, IPPROTO_TCP);
  view.setUint32(20, ALL_STATES, true);
  view.setUint16(24, port);
  view.setUint16(26, peer_port);
  view.setUint32(28, LOOPBACK);
  view.setUint32(44, LOOPBACK);
  // INET_DIAG_NOCOOKIE: whichever socket it is.
  view.setBigUint64(64, 0xffffffffffffffffn, true);
  return view;
}

function ownerIn(reply: DataView, { port, peer_port }: Parameters<SocketOwner>[0]): number | null {
  const answered = reply.getUint16(4, true) === SOCK_DIAG_BY_FAMILY;
  const meant = reply.getUint16(20) === port && reply.getUint16(22) === peer_port;
  return answered && meant && reply.getUint8(17) !== TCP_LISTEN ? reply.getUint32(80, true) : null;
}
