import { expect } from "bun:test";
import { openSocketOwner } from "../../src/shared/socket-owner.ts";
import { testOr } from "../support/test-or.ts";
import { until } from "../support/until.ts";

const ownerOf = openSocketOwner();
const nobody = process.geteuid?.() === 0 && Bun.which("setpriv") !== null && Bun.which("curl") !== null;

/** Answers each call with the number of the user who made it. */
function server() {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, own) {
      const ends = { port: own.requestIP(request)?.port ?? 0, peer_port: own.port ?? 0 };
      return Response.json(ownerOf?.(ends));
    },
  });
}

const impossible = ownerOf === null ? "this system does not tell whose a socket is" : null;

testOr(impossible, "a connection of this user is known, and no other is taken for it", async () => {
  const own = server();
  try {
    expect(await (await fetch(own.url)).json()).toBe(process.geteuid?.());
    // A port at which somebody only listens, and ends that are nobody's.
    expect(ownerOf?.({ port: own.port ?? 0, peer_port: 1 })).toBeNull();
    expect(ownerOf?.({ port: 1, peer_port: own.port ?? 0 })).toBeNull();
    // After answers like these, the next question gets its own.
    expect(await (await fetch(own.url)).json()).toBe(process.geteuid?.());
  } finally {
    await own.stop(true);
  }
});

testOr(
  impossible ?? (nobody ? null : "only root can call as another user, with setpriv and curl"),
  "a connection of another user is known as that user's",
  async () => {
    const own = server();
    try {
      const cmd = ["setpriv", "--reuid=65534", "--clear-groups", "curl", "-sS", own.url.href];
      const child = Bun.spawn({ cmd, stdout: "pipe" });
      expect(await new Response(child.stdout).text()).toBe("65534");
    } finally {
      await own.stop(true);
    }
  },
);

testOr(impossible, "a connection that ended is nobody's", async () => {
  const ends = Promise.withResolvers<{ port: number; peer_port: number }>();
  const own = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => ends.resolve({ port: socket.remotePort, peer_port: socket.localPort }),
      data() {},
    },
  });
  const caller = await Bun.connect({ hostname: "127.0.0.1", port: own.port, socket: { data() {} } });
  const known = await ends.promise;
  expect(ownerOf?.(known)).toBe(process.geteuid?.() ?? -1);
  own.stop(true);
  caller.terminate();
  // What is left of it for a while (TIME_WAIT) is the system's own.
  await until("it is gone", () => [null, 0].includes(ownerOf?.(known) ?? null));
});
