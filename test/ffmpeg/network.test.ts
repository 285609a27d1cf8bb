import { afterAll, expect } from "bun:test";
import { join } from "node:path";
import { networkPrefix } from "../../src/ffmpeg/network.ts";
import { captureTool } from "../../src/ffmpeg/tool.ts";
import { testOr } from "../support/test-or.ts";
import { makeFake } from "./fake.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const prefix = await networkPrefix([process.execPath]);
const cannot = prefix.length > 0 ? null : "this system lets nobody leave the network";
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("reached") });
const folder = await temporaryFolder();
afterAll(async () => {
  await server.stop(true);
  await folder.remove();
});
const ask = `const seen = await fetch("${server.url}").then((answer) => answer.text()).catch(() => "nobody");`;

testOr(cannot, "a tool of ffmpeg's reaches nobody", async () => {
  const program = `${ask} process.stdout.write(seen)`;
  const seen = await captureTool({
    argv: [process.execPath, "-e", program],
    limit_ms: 30_000,
    max_bytes: 1000,
  });
  expect(seen).toMatchObject({ code: 0, stdout: Buffer.from("nobody") });
  // The same program reaches it where nothing is put before it.
  const free = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  expect(await new Response(free.stdout).text()).toBe("reached");
});

testOr(cannot, "nor does a conversion", async () => {
  const fake = await makeFake(
    folder.path,
    "asks",
    `(async () => { ${ask} say("[error] saw " + seen); process.exit(1); })();`,
  );
  const machine = await thisMachine();
  const capabilities = { ...machine, ffmpeg: { ...machine.ffmpeg, path: fake } };
  const { makeClip } = await import("../../scripts/clips.ts");
  const source = await makeClip({ name: "plain.mp4", path: join(folder.path, "plain.mp4") });
  const ended = await convert({ source, target: join(folder.path, "out.mp4") }, {}, { capabilities });
  expect(ended.report.log_tail).toContain("saw nobody");
});

testOr(cannot, "whoever reads a stream stays in this machine's network, where that is", async () => {
  const url = "http://127.0.0.1:4000/0123456789abcdefghijkl/film.mkv";
  expect(await networkPrefix([process.execPath, "-i", url])).toEqual([]);
  expect(await networkPrefix([process.execPath, "-i", `file:${url}`])).toEqual(prefix);
});

testOr(null, "what cannot be started fails by itself", async () => {
  expect(await networkPrefix(["/nowhere/ffmpeg"])).toEqual([]);
  const start = captureTool({ argv: ["/nowhere/ffmpeg"], limit_ms: 1000, max_bytes: 10 });
  expect(start).rejects.toMatchObject({ code: "ffmpeg" });
});
