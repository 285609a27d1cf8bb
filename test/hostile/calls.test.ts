import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { ErrorBody, protocol } from "../../src/shared/protocol.ts";
import { claimJob, type MasterSite, withMasterSite } from "../support/master-test.ts";

/** Calls by somebody who has the token and means ill, and by somebody who has none and is clever. */

const TOKEN = "the-token-of-this-test";
const session = "session-of-w1";
const post = (site: MasterSite, path: string, body: string) => site.call(path, { method: "POST", body });

async function expectSane(site: MasterSite): Promise<void> {
  for (const name of ["status", "stats", "workers", "jobs"] as const) {
    const reply = await site.call(protocol[name].path);
    expect({ name, status: reply.status }).toEqual({ name, status: 200 });
    expect({ name, issues: v.safeParse(protocol[name].reply as v.GenericSchema, reply.body).issues }).toEqual(
      {
        name,
        issues: undefined,
      },
    );
  }
}

describe("numbers that JSON cannot say again", () => {
  const HUGE = ["1e999", "-1e999"];
  const bodies: [string, (huge: string, job: { id: string; attempt: number }) => [string, string]][] = [
    [
      "in a heartbeat",
      (huge) => [
        "heartbeat",
        `{"worker_id":"w1","session":"${session}","hostname":"h","vulkan_available":false,"active_jobs":${huge},
          "status":"idle","timestamp":"2026-11-22T08:46:08Z","cpu_usage":${huge},"memory_usage":${huge}}`,
      ],
    ],
    [
      "in progress",
      (huge, { id, attempt }) => [
        "job-progress",
        `{"worker_id":"w1","session":"${session}","held":[{"job_id":"${id}","attempt":${attempt},
          "progress":{"stage":"encoding","percent":${huge},"fps":${huge},"speed":null,"eta_s":${huge}}}]}`,
      ],
    ],
    [
      "in a report",
      (huge, { id, attempt }) => [
        "job-failed",
        `{"worker_id":"w1","job_id":"${id}","attempt":${attempt},"error_message":"",
          "report":{"source_duration":${huge},"encode_ms":${huge},"verify_ms":${huge}}}`,
      ],
    ],
  ];
  test.each(bodies)("are refused %s", (_, make) =>
    withMasterSite(async (site) => {
      await site.film("a.mkv");
      const master = await site.start();
      await master.scan();
      const job = await claimJob(master, "w1");
      for (const huge of HUGE) {
        const [path, body] = make(huge, job);
        const answer = await post(site, `/api/worker/${path}`, body);
        expect({ path, status: answer.status }).toEqual({ path, status: 400 });
      }
      await expectSane(site);
    }),
  );
});

test("notes that would fill every list of jobs are refused", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const { id, attempt } = await claimJob(master, "w1");
    const notes = Array.from({ length: 1000 }, () => "x".repeat(100));
    const body = { worker_id: "w1", job_id: id, attempt, error_message: "", report: { notes } };
    expect((await post(site, "/api/worker/job-failed", JSON.stringify(body))).status).toBe(400);
    await expectSane(site);
  }));

test.each([
  ["nested lists", `{"limit":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ["nested fields", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["the prototype's key", '{"__proto__":{"limit":"x"},"constructor":{"prototype":{"limit":1}}}'],
  ["a key twice", '{"limit":1,"limit":{}}'],
])("a body of %s harms nothing", (_, body) =>
  withMasterSite(async (site) => {
    await site.start();
    const answer = await post(site, "/api/retry", body);
    expect([200, 400]).toContain(answer.status);
    expect(({} as Record<string, unknown>).limit).toBeUndefined();
    expect((await site.call("/api/jobs?__proto__=1&constructor=2&toString=3")).status).toBe(200);
    await expectSane(site);
  }),
);

/** Says bytes to the master and returns all that it answers until it closes, or says no more. */
async function say(url: string, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let answer = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
    socket: {
      data(_, piece) {
        answer += piece.toString();
        if (answer.includes("END-OF-TEST") || answer.includes("there is nothing at")) resolve();
      },
      close: () => resolve(),
      error: () => resolve(),
    },
  });
  socket.write(text);
  // What is not answered is answered before this, which is no path of the master's.
  socket.write("GET /END-OF-TEST HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  await promise;
  socket.end();
  return answer;
}

const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);

describe("headers that are said twice, or contradict each other, let nobody in", () => {
  const status = "GET /api/status HTTP/1.1\r\n";
  const rows: [string, string][] = [
    ["two hosts, the second strange", `${status}Host: localhost\r\nHost: evil.example\r\n\r\n`],
    ["two hosts, the first strange", `${status}Host: evil.example\r\nHost: localhost\r\n\r\n`],
    [
      "a strange host in the address",
      "GET http://evil.example/api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
    ["a forwarding header in capitals", `${status}Host: localhost\r\nX-FORWARDED-FOR: 1.2.3.4\r\n\r\n`],
    ["an empty forwarding header", `${status}Host: localhost\r\nForwarded:\r\n\r\n`],
    ["a host with a dot at its end", `${status}Host: localhost.\r\n\r\n`],
    ["a host with somebody before it", `${status}Host: evil@localhost\r\n\r\n`],
    ["two tokens", `${status}Host: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`],
  ];
  test.each(rows)("%s", (_, head) =>
    withMasterSite(async (site) => {
      const { url } = await site.start();
      const answer = await say(url, head);
      expect(statuses(answer)[0]).toMatch(/^4/);
      expect(answer).not.toContain('"total"');
    }),
  );
});

describe("a call inside another's body is not answered", () => {
  const inner = "POST /api/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
  const rows: [string, string][] = [
    [
      "length and chunks",
      `POST /api/retry HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    ],
    [
      "two lengths",
      `POST /api/retry HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: ${inner.length + 2}\r\n\r\n{}${inner}`,
    ],
    [
      "a length with a sign",
      `POST /api/retry HTTP/1.1\r\nHost: localhost\r\nContent-Length: +2\r\n\r\n{}${inner}`,
    ],
    [
      "a coding that is none",
      `POST /api/retry HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
    ],
  ];
  test.each(rows)("%s", (_, bytes) =>
    withMasterSite(async (site) => {
      const { url } = await site.start({ server: { token: TOKEN } });
      const answer = await say(url, bytes.replaceAll("Host:", `Authorization: Bearer ${TOKEN}\r\nHost:`));
      expect(answer).not.toContain('"started"');
    }),
  );
});

test("a refusal tells a stranger no paths and nothing of how the master is made", () =>
  withMasterSite(async (site) => {
    await site.start({ server: { token: TOKEN } });
    for (const path of [
      "/api/jobs/..%2f..%2fetc%2fpasswd",
      "/api/../../etc/passwd",
      "/%ff%fe",
      "/api/jobs/%00",
      "/.env",
    ]) {
      const answer = await site.call(path);
      expect({ path, refused: answer.status >= 400 && answer.status < 500 }).toEqual({ path, refused: true });
      expect(v.is(ErrorBody, answer.body)).toBe(true);
      expect(JSON.stringify(answer.body)).not.toContain(site.folder);
      expect(JSON.stringify(answer.body)).not.toMatch(/\.ts\b|node_modules|\bat \w+ \(/);
    }
  }));
