import { expect, test } from "bun:test";
import { claimJob, withMasterSite } from "../../support/master-test.ts";

test("what happens is streamed as it happens, and the stream ends with the master", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const response = await fetch(`${master.url}/api/events`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const readUntil = async (part: string) => {
      for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read()) {
        text += chunk.value;
        if (text.includes(part)) return;
      }
    };
    await readUntil(": connected");
    const job = await claimJob(master, "w1");
    await readUntil('"status":"processing"');
    const held = [
      {
        job_id: job.id,
        attempt: 1,
        progress: { stage: "encoding", percent: 41, fps: 1, speed: 1, eta_s: 9 },
      },
    ];
    await site.post("/api/worker/job-progress", { worker_id: "w1", session: "session-of-w1", held });
    await readUntil('"percent":41');
    const events = text.split("\n\n").filter((part) => part.startsWith("event: "));
    expect(new Set(events.map((event) => event.split("\n")[0]))).toEqual(
      new Set(["event: worker", "event: job", "event: progress"]),
    );
    for (const event of events) expect(JSON.parse(event.split("\ndata: ")[1] ?? "")).toBeObject();
    const ended = readUntil("nothing like this ever comes");
    await master.stop();
    await ended;
  }));
