import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, loadMasterConfig, loadWorkerConfig } from "../../src/shared/config-file.ts";
import { VcError } from "../../src/shared/errors.ts";

const FIXTURES = join(import.meta.dir, "..", "fixtures");
const here = process.cwd();
let folder = "";

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "vc-config-")));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

/** The lines below the heading of what a file's content is refused with; null when it is accepted. */
function problems(
  role: "master" | "worker",
  content: string,
  env: Record<string, string> = {},
): string[] | null {
  writeFileSync("c.yaml", content);
  try {
    const sources = { path: "c.yaml", flags: {}, env };
    if (role === "master") loadMasterConfig(sources);
    else loadWorkerConfig(sources);
    return null;
  } catch (error) {
    if (!(error instanceof VcError) || error.code !== "config") throw error;
    const [heading, ...lines] = error.message.split("\n");
    expect(heading).toBe("the configuration file c.yaml cannot be used:");
    return lines.map((line) => line.trim());
  }
}

const SCANNER = "scanner: {root_path: /films, output_base: /out}\n";
const FAMILIES =
  "allowed: a list of vulkan, nvenc, qsv, vaapi, amf, videotoolbox and software, each at most once";
const FINGERPRINT = `sha256:${"5a".repeat(32)}`;
const WORKER = "worker: {master_url: 'http://m:1'}\n";

test("the master's file of the seed loads as it stands", () => {
  const path = join(FIXTURES, "seed-master.yaml");
  const { config, given, file } = loadConfig("master", { path, flags: {}, env: {} });
  expect(file).toBe(path);
  expect(given).toHaveLength(16);
  expect(config).toMatchObject({
    server: { port: 8080, host: "0.0.0.0", token: null, allow_anonymous: false },
    scanner: {
      root_path: "/mnt/storage/videos",
      output_base: "/mnt/storage/converted",
      video_extensions: [".mp4", ".mkv", ".mov", ".avi", ".flv", ".webm", ".m4v"],
      recursive_depth: -1,
      output_mode: "keep",
    },
    database: { path: join(FIXTURES, "jobs.db") },
    conversion: {
      target_resolution: { width: 1920, height: 1080 },
      codec: "h264",
      bitrate: 5_000_000,
      preset: "fast",
      audio_codec: "aac",
      audio_bitrate: 128_000,
    },
    logging: { level: "info", format: "json", output_path: join(FIXTURES, "master.log") },
  });
});

test("the worker's file of the seed loads as it stands", () => {
  const config = loadWorkerConfig({ path: join(FIXTURES, "seed-worker.yaml"), flags: {}, env: {} });
  expect(config).toMatchObject({
    worker: {
      id: "worker-1",
      concurrency: 3,
      master_url: "http://storage-server:8080",
      heartbeat_interval: 30_000,
      job_check_interval: 5000,
      job_timeout: 7_200_000,
    },
    storage: { mount_path: "/mnt/storage", download_timeout: 1_800_000, cache_path: "/tmp/converter-cache" },
    ffmpeg: { path: "/usr/bin/ffmpeg", use_vulkan: true, timeout: 7_200_000 },
    vulkan: { preferred_device: "auto", enable_validation: false },
    logging: { level: "info", format: "json", output_path: join(FIXTURES, "worker.log") },
  });
});

test("all mistakes of a file are told at once, in the order of their places", () => {
  const content = `sever:
  port: 1
server:
  prot: 2
  port: 80a
  port: 3
  token: a b
  host: true
scanner:
  root_path: x
  settle: 5 minutes
  video_extensions: [mkv]
  bitrate: 5M
  exotic: 1
logging: 3
conversion:
  bit_depth: 9
  preset:
`;
  expect(problems("master", content, { VC_QUEUE_LEASE: "x", VC_SERVER_PROT: "1" })).toEqual([
    "c.yaml:1:1: sever: unknown section; did you mean server?",
    "c.yaml:4:3: server.prot: unknown key; did you mean server.port?",
    "c.yaml:6:3: server.port: this key stands here for the second time; leave one",
    "c.yaml:7:10: server.token: found something else; allowed: text without spaces",
    "c.yaml:8:9: server.host: found true; allowed: text (put it in quotes)",
    "c.yaml:9:1: scanner.output_base: is missing; allowed: a path",
    'c.yaml:11:11: scanner.settle: found "5 minutes"; allowed: a duration such as 30s, 5m, 2h or 1h30m, or 0',
    'c.yaml:12:21: scanner.video_extensions: found ["mkv"]; allowed: a list of extensions with their dots, such as [.mkv, .mp4]',
    "c.yaml:13:3: scanner.bitrate: unknown key; did you mean conversion.bitrate?",
    "c.yaml:14:3: scanner.exotic: unknown key; known in scanner: root_path, video_extensions, output_base, recursive_depth, scan_interval, settle, output_mode",
    "c.yaml:15:1: logging: found 3; allowed: keys such as level, format, output_path",
    "c.yaml:17:14: conversion.bit_depth: found 9; allowed: 8 or 10",
    "c.yaml:18:10: conversion.preset: found nothing; allowed: ultrafast, superfast, veryfast, faster, fast, medium, slow, slower or veryslow",
    "VC_SERVER_PROT: unknown variable; did you mean VC_SERVER_PORT?",
    'VC_QUEUE_LEASE: queue.lease: found "x"; allowed: a duration such as 30s, 5m, 2h or 1h30m, or 0',
  ]);
});

test.each<[string, string, string[]]>([
  ["a tab", "server:\n\tport: 1\n", ["c.yaml:2:1: indented by a tab; YAML wants spaces"]],
  ["an open quote", 'server:\n  host: "x\n', ['c.yaml:3:1: cannot be read as YAML: Missing closing "quote']],
  ["a list", "- a\n", ["c.yaml:1:1: holds no sections such as `logging:`"]],
  [
    "two documents",
    `${SCANNER}---\na: 1\n`,
    ["c.yaml:2:1: a second document begins here; a configuration file holds one"],
  ],
  [
    "an unknown anchor",
    "server: *no\n",
    [
      'c.yaml:1:9: cannot be read as YAML: Unresolved alias (the anchor must be set before the alias): no (a text that begins with * needs quotes: "*no")',
    ],
  ],
  [
    "a pattern without quotes",
    "scanner: {root_path: /a, output_base: /b}\nrules:\n  exclude: [*.mkv]\n",
    [
      'c.yaml:3:12: cannot be read as YAML: Unresolved alias (the anchor must be set before the alias): .mkv (a text that begins with * needs quotes: "*.mkv")',
    ],
  ],
])("%s is a mistake of the text itself, and the only one told", (_, content, expected) => {
  const told = problems("master", content) ?? [];
  expect(told.slice(0, expected.length)).toEqual(expected);
});

test.each<[string, string, string]>([
  [
    "results among the sources",
    "scanner: {root_path: /a, output_base: /a}",
    "c.yaml:1:39: scanner.output_base: is scanner.root_path itself; the results need a folder of their own, or storage.replace",
  ],
  [
    "results around the sources",
    "scanner: {root_path: /a/b, output_base: /a}",
    "c.yaml:1:41: scanner.output_base: contains scanner.root_path (/a/b); results would lie beside sources: choose another folder",
  ],
  [
    "results elsewhere that are to replace their sources",
    `${SCANNER}storage: {replace: true}`,
    "c.yaml:1:43: scanner.output_base: stands beside storage.replace, with which results take their films' places in /films; leave it out",
  ],
  [
    "no time at all for originals",
    "scanner: {root_path: /a}\nstorage: {replace: true, keep_originals: 0}",
    "c.yaml:2:42: storage.keep_originals: found 0; allowed: a duration such as 30d or 12h, or forever",
  ],
  [
    "a certificate alone",
    `${SCANNER}server: {tls_cert: x}`,
    "c.yaml:2:20: server.tls_cert: needs server.tls_key beside it",
  ],
  [
    "a key alone",
    `${SCANNER}server: {tls_key: x}`,
    "c.yaml:2:19: server.tls_key: needs server.tls_cert beside it",
  ],
  [
    "a storage root elsewhere",
    `${SCANNER}storage: {root: /x}`,
    "c.yaml:2:17: storage.root: (/x) must contain scanner.root_path and scanner.output_base",
  ],
  [
    "a certificate of its own beside a made one",
    `${SCANNER}server: {tls_self_signed: true, tls_cert: a, tls_key: b}`,
    "c.yaml:2:27: server.tls_self_signed: stands beside a certificate of your own (server.tls_cert, server.tls_key); give one of the two",
  ],
  [
    "everything as storage root",
    `${SCANNER}storage: {root: /}`,
    "c.yaml:2:17: storage.root: cannot be /, the root of everything",
  ],
  [
    "a codec that the container cannot hold",
    `${SCANNER}conversion: {codec: ffv1}`,
    "c.yaml:2:21: conversion.codec: is ffv1, which mp4 cannot hold; set conversion.container to mkv",
  ],
  [
    "no lease",
    `${SCANNER}queue: {lease: 0}`,
    "c.yaml:2:16: queue.lease: cannot be 0: every job would be lost at once",
  ],
  [
    "a pause longer than the longest",
    `${SCANNER}queue: {retry_delay: 2h}`,
    "c.yaml:2:22: queue.retry_delay: is longer than queue.retry_delay_max",
  ],
  [
    "a worker's file",
    WORKER,
    "this is the file of a worker (it has worker): start it with `vc worker`, or name a master's file",
  ],
])("a master is told of %s", (_, content, expected) =>
  expect(problems("master", content)).toEqual([expected]),
);

test("hostile keys and values are told, and cannot control the terminal", () => {
  const content = `worker: {master_url: "http://m", __proto__: {x: 1}, id: "\\e[31m"}\n"a\\nb": 1\n1: 2\n`;
  expect(problems("worker", content)).toEqual([
    expect.stringMatching(
      /^c\.yaml:1:34: worker\.__proto__: unknown key; known in worker: id, concurrency, /,
    ),
    'c.yaml:1:57: worker.id: found "\\u001b[31m"; allowed: text of at most 200 characters',
    "c.yaml:2:1: a\\nb: unknown section; known: worker, storage, ffmpeg, vulkan, logging",
    "c.yaml:3:1: 1: unknown section; known: worker, storage, ffmpeg, vulkan, logging",
  ]);
  const names = "abcdefghij".split("");
  const bomb = names.map(
    (name, i) => `${name}: &${name} [${Array(9).fill(i === 0 ? "x" : `*${names[i - 1]}`)}]`,
  );
  expect(problems("worker", `${bomb.join("\n")}\n`)?.[0]).toContain("Excessive alias count");
});

test("places are right in files of Windows, too", () =>
  expect(problems("worker", "\ufeffworker:\r\n  master_url: http://m\r\n  concurrency: x\r\n")).toEqual([
    'c.yaml:3:16: worker.concurrency: found "x"; allowed: a whole number from 1 to 256',
  ]));

test.each<[string, string, string]>([
  [
    "no master",
    "worker: {id: w}",
    "worker.master_url: is missing: say where the master is, with --master URL, VC_MASTER_URL or in the file",
  ],
  [
    "an address that is none",
    "worker: {master_url: 'ftp://x'}",
    'c.yaml:1:22: worker.master_url: found "ftp://x"; allowed: an address such as http://storage-server:8080',
  ],
  [
    "two tokens",
    "worker: {master_url: 'http://m', token: a, token_file: b}",
    "c.yaml:1:56: worker.token_file: stands beside worker.token; give one of the two",
  ],
  [
    "a fingerprint that is none",
    "worker: {master_url: 'https://m', tls_fingerprint: sha256:12}",
    'c.yaml:1:52: worker.tls_fingerprint: found "sha256:12"; allowed: a certificate\'s fingerprint, such as sha256: and 64 hexadecimal digits',
  ],
  [
    "two ways to trust",
    `worker: {master_url: 'https://m', tls_ca: a, tls_fingerprint: "${FINGERPRINT}"}`,
    "c.yaml:1:63: worker.tls_fingerprint: stands beside worker.tls_ca; give one of the two",
  ],
  [
    "a fingerprint without TLS",
    `worker: {master_url: 'http://m', tls_fingerprint: "${FINGERPRINT}"}`,
    "c.yaml:1:51: worker.tls_fingerprint: is given, but worker.master_url (http://m) is an address without TLS: write https://",
  ],
  [
    "a map beside a mount",
    `${WORKER}storage: {mount_path: /m, path_map: [{master: /a, worker: 'Z:\\a'}]}`,
    "c.yaml:2:37: storage.path_map: stands beside storage.mount_path; give one of the two (mount_path is a map of storage.root alone)",
  ],
  [
    "a map that says one thing twice",
    `${WORKER}storage: {path_map: [{master: /a, worker: /b}, {master: /a/, worker: /c}]}`,
    "c.yaml:2:21: storage.path_map: says twice where the master's /a/ is; leave one",
  ],
  [
    "a map of paths that are not whole",
    `${WORKER}storage: {path_map: [{master: a, worker: /b}]}`,
    'c.yaml:2:21: storage.path_map: found [{"master":"a","worker":"/b"}]; allowed: a list of pairs of whole paths, such as [{master: /mnt/storage, worker: /media/nas}]',
  ],
  [
    "a token file that is not there",
    "worker: {master_url: 'http://m', token_file: /no/b}",
    "c.yaml:1:46: worker.token_file: cannot read the token file /no/b: no such file or directory",
  ],
  [
    "a number as name",
    "worker: {master_url: 'http://m', id: 1}",
    "c.yaml:1:38: worker.id: found 1; allowed: text of at most 200 characters (put it in quotes)",
  ],
  [
    "a misspelt kind of encoders",
    `${WORKER}ffmpeg: {encoders: [vulkan, nvnec]}`,
    `c.yaml:2:20: ffmpeg.encoders: found ["vulkan","nvnec"]; ${FAMILIES}; did you mean nvenc?`,
  ],
  [
    "a kind of encoders that stands twice",
    `${WORKER}ffmpeg: {encoders: [software, software]}`,
    `c.yaml:2:20: ffmpeg.encoders: found ["software","software"]; ${FAMILIES}`,
  ],
  [
    "no encoders at all",
    `${WORKER}ffmpeg: {encoders: []}`,
    `c.yaml:2:20: ffmpeg.encoders: found []; ${FAMILIES}`,
  ],
  [
    "no room on a GPU",
    `${WORKER}vulkan: {slots_per_device: 0}`,
    "c.yaml:2:28: vulkan.slots_per_device: found 0; allowed: a whole number from 1 to 64",
  ],
  [
    "a master's file",
    SCANNER,
    "this is the file of a master (it has scanner): start it with `vc master`, or name a worker's file",
  ],
])("a worker is told of %s", (_, content, expected) =>
  expect(problems("worker", content)).toEqual([expected]),
);

test("GPUs and encoders are named in a file, a variable or a flag", () => {
  writeFileSync("c.yaml", `${WORKER}ffmpeg: {encoders: [nvenc, software]}\nvulkan: {preferred_device: 1}\n`);
  const load = (env: Record<string, string>, flags: Record<string, string> = {}) => {
    const { ffmpeg, vulkan } = loadWorkerConfig({ path: "c.yaml", flags, env });
    return [ffmpeg.encoders.join(" "), vulkan.preferred_device];
  };
  expect(load({})).toEqual(["nvenc software", "1"]);
  expect(load({ VC_FFMPEG_ENCODERS: "qsv, software", VC_VULKAN_PREFERRED_DEVICE: "RTX 4090" })).toEqual([
    "qsv software",
    "RTX 4090",
  ]);
  expect(load({}, { "ffmpeg.encoders": "software", "vulkan.preferred_device": "0" })).toEqual([
    "software",
    "0",
  ]);
});

test.each([
  ["results inside the sources", "scanner: {root_path: /a, output_base: /a/out}"],
  ["a name that only begins alike", "scanner: {root_path: /a/films, output_base: /a/films-out}"],
  ["sections without keys", `${SCANNER}logging:\nserver:\n`],
  ["a mode that YAML reads as a number", "scanner: {root_path: /a, output_base: /b, output_mode: 0640}"],
  ["an alias", `${SCANNER}database: {path: &p ./x}\nlogging: {output_path: *p}\n`],
])("%s are accepted", (_, content) => expect(problems("master", content)).toBeNull());

test("a flag beats a variable, a variable beats the file", () => {
  writeFileSync("c.yaml", "worker: {master_url: 'http://file:1', concurrency: 1, token: file}\n");
  const load = (flags: Record<string, string>, env: Record<string, string>) =>
    loadWorkerConfig({ path: "c.yaml", flags, env }).worker;
  const env = {
    VC_WORKER_CONCURRENCY: "2",
    VC_MASTER_URL: "http://env:1",
    VC_TOKEN: "12345",
    VC_WORKER_ID: "",
  };
  expect(load({}, {})).toMatchObject({
    concurrency: 1,
    master_url: "http://file:1",
    token: "file",
    id: null,
  });
  expect(load({}, env)).toMatchObject({
    concurrency: 2,
    master_url: "http://env:1",
    token: "12345",
    id: null,
  });
  expect(load({ "worker.concurrency": "3" }, env)).toMatchObject({
    concurrency: 3,
    master_url: "http://env:1",
  });
  const both = { VC_MASTER_URL: "http://short:1", VC_WORKER_MASTER_URL: "http://long:1" };
  expect(load({}, both).master_url).toBe("http://long:1");
});

test("flags and variables are read as the key's type", () => {
  const env = {
    VC_SCANNER_VIDEO_EXTENSIONS: ".mkv, .MP4",
    VC_SERVER_ALLOW_ANONYMOUS: "true",
    VC_SERVER_PORT: "0",
    VC_SCANNER_SETTLE: "0",
    VC_SCANNER_OUTPUT_MODE: "0600",
    VC_CONVERSION_BITRATE: "800000",
  };
  const flags = { "scanner.root_path": "films", "scanner.output_base": "/out", "conversion.bit_depth": "10" };
  const config = loadMasterConfig({ path: null, flags, env });
  expect(config.scanner).toMatchObject({
    root_path: join(folder, "films"),
    video_extensions: [".mkv", ".MP4"],
    settle: 0,
    output_mode: 0o600,
  });
  expect(config.server).toMatchObject({ allow_anonymous: true, port: 0 });
  expect(config.conversion).toMatchObject({ bitrate: 800_000, bit_depth: 10 });
  expect(config.database.path).toBe(join(folder, "jobs.db"));
  expect(() => loadMasterConfig({ path: null, flags: { ...flags, "server.port": "80a" }, env: {} })).toThrow(
    'command line: server.port: found "80a"; allowed: a whole number from 0 to 65535',
  );
});

test("relative paths are relative to what names them", () => {
  mkdirSync("deep", { recursive: true });
  writeFileSync("deep/secret", "t0ken\n");
  writeFileSync(
    "deep/w.yaml",
    "worker: {master_url: 'http://m', token_file: secret}\nffmpeg: {path: ffmpeg, ffprobe_path: bin/ffprobe}\nstorage: {mount_path: mnt}\n",
  );
  const config = loadWorkerConfig({
    path: "deep/w.yaml",
    flags: { "storage.cache_path": "cache" },
    env: { VC_LOGGING_OUTPUT_PATH: "../w.log" },
  });
  expect(config.worker.token).toBe("t0ken");
  expect(config.ffmpeg).toMatchObject({ path: "ffmpeg", ffprobe_path: join(folder, "deep/bin/ffprobe") });
  expect(config.storage).toMatchObject({
    mount_path: join(folder, "deep/mnt"),
    cache_path: join(folder, "cache"),
  });
  expect(config.logging.output_path).toBe(join(folder, "../w.log"));
  const env = { VC_TOKEN: "stronger" };
  expect(loadWorkerConfig({ path: "deep/w.yaml", flags: {}, env }).worker.token).toBe("stronger");
});

test("without a path ./config.yaml is read, unless it is another role's and not needed", () => {
  const flags = { "worker.master_url": "http://m" };
  const load = (more: object = {}) => loadConfig("worker", { path: null, flags, env: {}, ...more });
  expect(load().file).toBeNull();
  try {
    writeFileSync("config.yaml", "worker: {master_url: 'http://m', concurrency: 7}\n");
    expect(load()).toMatchObject({ file: "config.yaml", config: { worker: { concurrency: 7 } } });
    expect(load({ implicit: false }).file).toBeNull();
    writeFileSync("config.yaml", SCANNER);
    expect(load().file).toBeNull();
    expect(() => load({ flags: {} })).toThrow("config.yaml cannot be used:\n  this is the file of a master");
  } finally {
    rmSync("config.yaml");
  }
});

test("a file that cannot be read is named", () => {
  const load = (path: string) => () => loadMasterConfig({ path, flags: {}, env: {} });
  expect(load("none.yaml")).toThrow(
    "cannot read the configuration file none.yaml: no such file or directory",
  );
  expect(load(folder)).toThrow(
    `cannot read the configuration file ${folder}: illegal operation on a directory`,
  );
});

test("with storage.replace, results go where the films are, and people are told what that means", () => {
  const load = (storage: string) => {
    writeFileSync("c.yaml", `scanner: {root_path: films}\nstorage: {${storage}}\n`);
    return loadConfig("master", { path: "c.yaml", flags: {}, env: {} });
  };
  const { config, notes } = load("replace: true");
  const films = join(folder, "films");
  expect(config.scanner).toMatchObject({ root_path: films, output_base: films });
  expect(config.storage).toMatchObject({ replace: true, keep_originals: 30 * 86_400_000 });
  expect(notes.join("\n")).toContain(`kept in ${films}/.vc/originals for 30 days`);
  expect(notes.join("\n")).toContain("verified in full");
  const kept = load("replace: true, keep_originals: forever");
  expect(kept.config.storage.keep_originals).toBe("forever");
  expect(kept.notes.join("\n")).toContain("`vc purge`");
  expect(() => load("replace: false")).toThrow("scanner.output_base: is missing");
});

test("a fingerprint is read as openssl prints it, and maps as they stand", () => {
  const colons = FINGERPRINT.slice(7).toUpperCase().match(/../g)?.join(":");
  const map = "[{master: /mnt/storage, worker: 'Z:\\storage'}, {master: 'D:\\films', worker: /media}]";
  writeFileSync(
    join(folder, "c.yaml"),
    `worker: {master_url: 'https://m', tls_fingerprint: "${colons}"}\nstorage: {path_map: ${map}}\n`,
  );
  const { worker, storage } = loadWorkerConfig({ path: join(folder, "c.yaml"), flags: {}, env: {} });
  expect(worker.tls_fingerprint as string).toBe(FINGERPRINT);
  expect(storage.path_map).toEqual([
    { master: "/mnt/storage", worker: "Z:\\storage" },
    { master: "D:\\films", worker: "/media" },
  ]);
});
