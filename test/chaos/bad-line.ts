import { connect, createServer, type Socket } from "node:net";
import type { Random } from "../sim/random.ts";
import { createHeads, type Exchange, parseRequest } from "./http-exchange.ts";

export const LINE_FAULTS = ["cut", "flip", "delay", "repeat", "late"] as const;
/** `late`: the same request comes once more, seconds later, when others have overtaken it. */
export type LineFault = (typeof LINE_FAULTS)[number];

export type LineCounts = Record<LineFault, number> & {
  /** Calls that carry pieces of films; of these, cuts. */
  pieces: number;
  piece_cuts: number;
  /** Bytes of films that passed, each time that they did. */
  bytes: number;
  /** Lengths of the pieces that were cut or spoilt. */
  hit_bytes: number;
};

/** A line to a port of this machine that understands which bytes are films', and is good or bad to each call. */
export type BadLine = {
  url: string;
  counts: LineCounts;
  /** The bodies of all hand-ins that passed. */
  handIns: string[];
  /** By job: the bytes at the result's front that were sent once more, as the muxer had changed them. */
  fronts: Map<string, number>;
  /** So great a share of the calls is done harm; 0 none. */
  trouble(share: number): void;
  /** Resolves once no copy of a request is on its way any more. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
};

export async function startBadLine(of: { port: number; random: Random }): Promise<BadLine> {
  const counts: LineCounts = {
    ...{ cut: 0, flip: 0, delay: 0, repeat: 0, late: 0 },
    ...{ pieces: 0, piece_cuts: 0, bytes: 0, hit_bytes: 0 },
  };
  const line: Line = { ...of, counts, share: 0, handIns: [], fronts: new Map(), copies: new Set() };
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    open.add(near.on("close", () => open.delete(near)));
    void carry(line, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    counts,
    handIns: line.handIns,
    fronts: line.fronts,
    trouble(share) {
      line.share = share;
    },
    async quiet() {
      while (line.copies.size > 0) await Promise.all(line.copies);
    },
    async stop() {
      for (const near of open) near.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Line = {
  port: number;
  random: Random;
  counts: LineCounts;
  share: number;
  handIns: string[];
  fronts: Map<string, number>;
  copies: Set<Promise<void>>;
};

/** What is done to one call: after `left` bytes in both directions it is cut, at `flip_at` of its piece a bit is turned. */
type Treated = Exchange & {
  fault: LineFault | null;
  left: number;
  flip_at: number;
  body: Buffer[];
  seen: number;
};
type Connection = { line: Line; near: Socket; far: Socket; now: Treated | null; to_come: number };

async function carry(line: Line, near: Socket): Promise<void> {
  const far = connect({ port: line.port, host: "127.0.0.1", noDelay: true });
  const connection: Connection = { line, near, far, now: null, to_come: 0 };
  for (const socket of [near, far]) socket.on("error", () => {});
  const end = () => {
    near.destroy();
    far.destroy();
  };
  await Promise.all([carryUp(connection), carryDown(connection)].map((way) => way.catch(end)));
  end();
}

async function carryUp(connection: Connection): Promise<void> {
  const { line, near, far } = connection;
  const heads = createHeads();
  for await (const bytes of near as AsyncIterable<Buffer>) {
    const { head, body } = heads.take(bytes) ?? {};
    if (body === undefined) continue;
    if (head) {
      connection.now = treat(line, parseRequest(head));
      connection.to_come = connection.now.length;
      if (connection.now.fault === "delay") await Bun.sleep(line.random.between(20, 1500));
      await pass(connection, far, head);
    }
    const { now } = connection;
    if (now === null) continue;
    if (body.length > 0) {
      now.body.push(Buffer.from(body));
      await pass(connection, far, now.method === "PATCH" ? spoil(connection, now, body) : body);
      connection.to_come -= body.length;
    }
    if (connection.to_come > 0) continue;
    heads.next();
    sent(line, now);
  }
  far.end();
}

async function carryDown(connection: Connection): Promise<void> {
  const { near, far } = connection;
  let answered: Treated | null = null;
  let heads = createHeads();
  let isPiece = false;
  for await (const bytes of far as AsyncIterable<Buffer>) {
    const { now } = connection;
    // Each answer begins after its request.
    if (now !== answered) heads = createHeads();
    answered = now;
    const { head, body } = heads.take(bytes) ?? {};
    if (now === null || body === undefined) continue;
    if (head) {
      isPiece = now.method === "GET" && now.piece > 0 && head.includes(" 206 ");
      if (now.offset === 0 && now.path.includes("rewrite=") && head.includes(" 204 "))
        connection.line.fronts.set(now.path, now.length);
      await pass(connection, near, head);
    }
    if (body.length > 0) await pass(connection, near, isPiece ? spoil(connection, now, body) : body);
  }
  near.end();
}

/** Chance decides about a call when it begins. */
function treat(line: Line, exchange: Exchange): Treated {
  const { counts, random } = line;
  const { head, length, piece } = exchange;
  if (piece > 0) counts.pieces += 1;
  const fault = chooseFault(line, exchange);
  if (fault !== null && fault !== "cut") counts[fault] += 1;
  if (fault === "flip") counts.hit_bytes += piece;
  const all = head.length + Math.max(length, piece) + ANSWER_HEAD_BYTES;
  const left = fault === "cut" ? random.between(1, all) : Number.POSITIVE_INFINITY;
  const flip_at = fault === "flip" ? random.between(0, piece - 1) : Number.POSITIVE_INFINITY;
  return { ...exchange, fault, left, flip_at, body: [], seen: 0 };
}

const ANSWER_HEAD_BYTES = 300;

/** Pieces suffer most; nothing tells whether another call's bytes were changed, but TLS, so these are not. */
function chooseFault({ share, random }: Line, { method, path, piece }: Exchange): LineFault | null {
  if (!random.chance(piece > 0 ? share : share / 4)) return null;
  if (random.chance(0.75)) return "cut";
  const isPoll = path.includes("next-job") || path.includes("control");
  if (piece === 0) return isPoll ? "cut" : random.pick(["delay", "repeat", "late"]);
  return random.pick(
    method === "PATCH" ? ["flip", "flip", "delay", "repeat", "late"] : ["flip", "flip", "delay"],
  );
}

/** Passes bytes on, up to the byte after which the line is cut in both directions. */
async function pass({ line, near, far, now }: Connection, to: Socket, bytes: Buffer): Promise<void> {
  const portion = now === null ? bytes : bytes.subarray(0, Math.max(0, now.left));
  if (portion.length > 0) await write(to, portion);
  if (now === null) return;
  now.left -= bytes.length;
  if (now.left > 0) return;
  line.counts.cut += 1;
  if (now.piece > 0) {
    line.counts.piece_cuts += 1;
    line.counts.hit_bytes += now.piece;
  }
  // Some lines end as if all had been said, others break.
  if (line.random.chance(0.5)) for (const socket of [near, far]) socket.resetAndDestroy();
  throw new Error("cut");
}

function write(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Error("closed"));
    to.once("close", closed);
    to.write(bytes, (error) => {
      to.off("close", closed);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Counts a piece's bytes, and turns a bit where that is this call's lot. */
function spoil({ line }: Connection, now: Treated, bytes: Buffer): Buffer {
  const at = now.flip_at - now.seen;
  now.seen += bytes.length;
  line.counts.bytes += Math.min(bytes.length, Math.max(0, now.left));
  if (at < 0 || at >= bytes.length) return bytes;
  const spoilt = Buffer.from(bytes);
  spoilt[at] = (spoilt[at] ?? 0) ^ (1 << line.random.between(0, 7));
  return spoilt;
}

/** The whole request has passed. */
function sent(line: Line, { fault, head, body, path }: Treated): void {
  if (path.endsWith("/job-complete")) line.handIns.push(Buffer.concat(body).toString());
  if (fault !== "repeat" && fault !== "late") return;
  const delay_ms = fault === "late" ? line.random.between(300, 4000) : 0;
  const copy = sendAgain(line.port, { bytes: Buffer.concat([head, ...body]), delay_ms });
  line.copies.add(copy);
  void copy.finally(() => line.copies.delete(copy));
}

/** The same request once more; nobody hears the answer. */
async function sendAgain(port: number, of: { bytes: Buffer; delay_ms: number }): Promise<void> {
  await Bun.sleep(of.delay_ms);
  const socket = connect(port, "127.0.0.1");
  const over = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("error", () => {});
  socket.once("data", () => socket.destroy());
  socket.setTimeout(20_000, () => socket.destroy());
  socket.write(of.bytes);
  await over;
}
