import { afterEach, expect, test } from "bun:test";
import { headStream, readStream } from "../../src/ffmpeg/source-stream.ts";

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

function serve(answer: (request: Request) => Response | Promise<Response>): Bun.Server<undefined> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  servers.push(server);
  return server;
}

test("tells size and tag", async () => {
  const { url } = serve(
    () => new Response(null, { headers: { "Content-Length": "5000000000", ETag: '"x"' } }),
  );
  expect(await headStream(url.href)).toEqual({ status: 200, size: 5_000_000_000, tag: '"x"' });
});

test("waits until it is told to give up", async () => {
  const { url } = serve(() => new Promise<Response>(() => undefined));
  const giving_up = new AbortController();
  const head = headStream(url.href, giving_up.signal);
  giving_up.abort();
  expect(head).rejects.toBeInstanceOf(Error);
});

test("takes no bytes from another place than it asked for", async () => {
  const from = (at: number) => ({ "Content-Range": `bytes ${at}-9/10` });
  const { url } = serve(() => new Response("0123456789", { status: 206, headers: from(0) }));
  expect(readStream({ url: url.href, at: 3, length: 4 })).rejects.toThrow("206");
  const whole = serve(() => new Response("0123456789"));
  expect(readStream({ url: whole.url.href, at: 3, length: 4 })).rejects.toThrow("200");
});

test("asks no proxy", async () => {
  const asked: string[] = [];
  const proxy = serve(({ url }) => {
    asked.push(url);
    return new Response("proxy");
  });
  const { url } = serve(
    () => new Response("film", { status: 206, headers: { "Content-Range": "bytes 0-3/4" } }),
  );
  const program = `
    import { readStream } from ${JSON.stringify(new URL("../../src/ffmpeg/source-stream.ts", import.meta.url).pathname)};
    process.stdout.write(await readStream({ url: ${JSON.stringify(url.href)}, at: 0, length: 4 }));`;
  const env = {
    ...process.env,
    http_proxy: proxy.url.href,
    HTTP_PROXY: proxy.url.href,
    NO_PROXY: "",
    no_proxy: "",
  };
  const child = Bun.spawn([process.execPath, "-e", program], { env, stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("film");
  expect(asked).toEqual([]);
});
