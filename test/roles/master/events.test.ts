import { expect, test } from "bun:test";
import type { MasterEvent } from "../../../src/roles/master/coordinator.ts";
import { createEvents } from "../../../src/roles/master/events.ts";
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

test("a reader that is too slow is dropped, so that its backlog does not grow", async () => {
  const listeners = new Set<(event: MasterEvent) => void>();
  const subscribe = (listener: (event: MasterEvent) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const response = await createEvents({ subscribe }).page.answer(new AbortController().signal);
  const held = Array.from({ length: 1000 }, () => ({ job_id: "0123456789", attempt: 1 }));
  const emit = () => {
    for (const listener of listeners) listener({ type: "progress", worker_id: "w1", held });
  };
  for (let sent = 0; sent < 1000 && listeners.size > 0; sent += 1) emit();
  expect(listeners.size).toBe(0);
  await expect(response.text()).rejects.toThrow("too slow");
});
