import { expect, test } from "bun:test";
import { chooseWay } from "../../../../src/roles/worker/transfer/way.ts";
import { createWorkspace } from "../../../../src/roles/worker/workspace.ts";
import { VcError } from "../../../../src/shared/errors.ts";

const storage = { root: "/", source_root: "/films", output_base: "/out", nonce: "n", output_mode: 0o644 };
const workspace = createWorkspace(storage, null);

type Source = Parameters<typeof chooseWay>[0]["source"];
const choose = (source: Source, mount: () => Promise<typeof workspace | string>) =>
  chooseWay({ source, mount, workFolder: async () => "/work" });

test.each<[Source, typeof workspace | string, unknown]>([
  ["auto", workspace, { kind: "mount", output_base: "/out" }],
  ["auto", "It is not mounted.", { kind: "stream", output_base: "/work", why: "It is not mounted." }],
  ["mount", workspace, { kind: "mount" }],
  ["mount", "It is not mounted.", "It is not mounted."],
])("%s, where the mount is %p", async (source, found, expected) => {
  const way = await choose(source, async () => found);
  if (typeof expected === "string") expect(way).toBe(expected);
  else expect(way).toMatchObject(expected as object);
});

test.each<Source>(["stream", "download"])("%s does not even look at the mount", async (source) => {
  const way = await choose(source, async () => {
    throw new Error("looked");
  });
  expect(way).toMatchObject({ kind: source, output_base: "/work" });
});

test("folders that cannot be here are no mount; a master that is away says nothing about it", async () => {
  const elsewhere = async () => {
    throw new Error("The master's folder is not below its root.");
  };
  expect(await choose("auto", elsewhere)).toMatchObject({ kind: "stream" });
  const away = async () => {
    throw new VcError("unreachable", "no master");
  };
  expect(choose("auto", away)).rejects.toThrow("no master");
});
