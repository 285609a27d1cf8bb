import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { configDocs } from "../../scripts/config-docs.ts";
import { listKeys, type Role } from "../../src/shared/config-keys.ts";
import { unknownKey } from "../../src/shared/config-problems.ts";
import { readYaml } from "../../src/shared/config-yaml.ts";

const ROOT = join(import.meta.dir, "..", "..");
const ROLES: Role[] = ["master", "worker"];
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

test("docs/configuration.md is what `bun scripts/config-docs.ts` writes", () =>
  expect(read("docs/configuration.md")).toBe(configDocs()));

test.each(ROLES)("every key of a %s is described, and its default is allowed", (role) => {
  for (const key of listKeys(role)) {
    expect(key.description, key.path).toMatch(/^[A-Za-z].*\.$/);
    expect(key.allowed, key.path).not.toBe("undefined");
    if (!key.needed) expect(v.is(key.schema, key.fallback), key.path).toBe(true);
    expect(v.is(key.schema, {}), key.path).toBe(false);
  }
});

test("variables are named after their keys, and no two keys of a role share one", () => {
  expect(listKeys("worker").find((key) => key.path === "worker.token")?.env).toEqual([
    "VC_WORKER_TOKEN",
    "VC_TOKEN",
  ]);
  for (const role of ROLES) {
    const names = listKeys(role).flatMap((key) => key.env);
    expect(new Set(names).size).toBe(names.length);
  }
});

test.each(ROLES)("every key of the seed's %s file is a key of ours", (role) => {
  const { entries, problems } = readYaml(read(`test/fixtures/seed-${role}.yaml`));
  expect(problems).toEqual([]);
  expect(entries.filter(({ path, value }) => unknownKey(role, path, value) !== null)).toEqual([]);
});

test.each(ROLES)(
  "deploy/%s.yaml is right as it stands and with all its comments taken away, and names every key",
  (role) => {
    const example = read(`deploy/${role}.yaml`);
    const full = example.replace(/^ {2}#(\w+:)/gm, "  $1");
    for (const text of [example, full]) {
      const { entries, problems } = readYaml(text);
      expect(problems).toEqual([]);
      expect(entries.filter(({ path, value }) => unknownKey(role, path, value) !== null)).toEqual([]);
      for (const key of listKeys(role)) {
        const entry = entries.find(({ path }) => path === key.path);
        if (entry !== undefined) expect(v.is(key.schema, entry.value), key.path).toBe(true);
      }
    }
    const named = readYaml(full).entries.map(({ path }) => path);
    // The example for workers keeps the token in a file of its own.
    const missing = listKeys(role).filter(({ path }) => !named.includes(path));
    expect(missing.map(({ path }) => path)).toEqual(role === "worker" ? ["worker.token"] : []);
  },
);
