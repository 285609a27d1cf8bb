import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNvidiaSource } from "../../../src/roles/worker/gpu-load-nvidia.ts";
import { processesWith } from "../../support/processes.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";
import { gpu } from "./gpu-records.ts";

const noShell = process.platform === "win32" ? "the programs of this test are shell scripts" : null;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-nvidia-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const FIRST = "GPU-c85bc011-8630-41ed-fa1e-9899527916de";
const SECOND = "GPU-00000000-1111-2222-3333-444444444444";
const CARDS = [
  gpu({ id: "first", pci_address: "0000:65:00.0" }),
  gpu({ id: SECOND.slice("GPU-".length), pci_address: null }),
];

/** A program in nvidia-smi's place; `$2` is the format. */
async function fake(script: string): Promise<string> {
  const path = join(folder, `nvidia-smi-${Bun.hash(script)}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function look(script: string, limit_ms = 60_000) {
  const program = await fake(script);
  return Object.fromEntries(await createNvidiaSource({ command: () => program, limit_ms })(CARDS));
}

const ALL = "--query-gpu=uuid,pci.bus_id,utilization.gpu,utilization.encoder,utilization.decoder";
const LEAST = "--query-gpu=uuid,pci.bus_id,utilization.gpu";
const CSV = "--format=csv,noheader,nounits";
const answers = (query: string, text: string) =>
  `if [ "$1 $2 $#" = "${query} ${CSV} 2" ]; then printf '${text}'; exit 0; fi\necho 'Field is not a valid field to query.'; exit 2`;

describe("nvidia-smi", () => {
  testOr(noShell, "tells two cards apart, one by its place and one by its UUID", async () => {
    const lines = `${SECOND}, 00000000:C1:00.0, 7, 0, 0\\n${FIRST}, 00000000:65:00.0, 3, 0, 88\\n`;
    expect(await look(answers(ALL, lines))).toEqual({ first: 88, [SECOND.slice(4)]: 7 });
  });

  testOr(noShell, "of an old driver is asked for less", async () => {
    expect(await look(answers(LEAST, `${FIRST}, 00000000:65:00.0, 31\\n`))).toEqual({ first: 31 });
  });

  for (const [what, script] of Object.entries({
    garbage: "head -c 5000 /dev/urandom",
    nothing: "exit 0",
    "a failure": "echo 'NVIDIA-SMI has failed'; exit 9",
    "an answer and a crash": `printf '${FIRST}, 00000000:65:00.0, 31\\n'; kill -SEGV $$`,
    "a book": "while :; do echo 'and so on, and so on, and so on, and so on'; done",
  })) {
    testOr(noShell, `that says ${what} gives no figure`, async () => expect(await look(script)).toEqual({}));
  }

  testOr(noShell, "that hangs is ended", async () => {
    const script = `printf '${FIRST}, 00000000:65:00.0, 31\\n'; exec sleep 30170451`;
    expect(await look(script, 200)).toEqual({});
    await until("it is gone", async () => (await processesWith("30170451")).length === 0);
  });

  testOr(noShell, "never sees the token", async () => {
    process.env.VC_TOKEN = "a-token-that-is-secret";
    try {
      const seen = join(folder, "environment");
      await look(`env > ${seen}; exit 9`);
      expect(await Bun.file(seen).text()).not.toContain("a-token-that-is-secret");
    } finally {
      delete process.env.VC_TOKEN;
    }
  });

  testOr(noShell, "is not started for other cards", async () => {
    const mark = join(folder, "started");
    const program = await fake(`touch ${mark}`);
    const source = createNvidiaSource({ command: () => program });
    expect(await source([gpu({ vendor_id: 0x1002 }), gpu({ vendor_id: 0x8086 })])).toEqual(new Map());
    expect(existsSync(mark)).toBe(false);
    await source(CARDS);
    expect(existsSync(mark)).toBe(true);
  });

  test("that is missing gives no figure", async () => {
    for (const program of [null, join(folder, "nowhere"), folder]) {
      expect(await createNvidiaSource({ command: () => program })(CARDS)).toEqual(new Map());
    }
  });
});
