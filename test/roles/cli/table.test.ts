import { expect, test } from "bun:test";
import { table } from "../../../src/roles/cli/table.ts";
import { tree } from "../../../src/roles/cli/tree.ts";

test("columns are as wide as their widest cell, by places on a terminal", () =>
  expect(
    table(
      ["ID", "SOURCE", "X"],
      [
        ["a", "映画.mkv", "1"],
        ["long-id", "b", ""],
      ],
    ),
  ).toBe(["ID       SOURCE    X", "a        映画.mkv  1", "long-id  b"].join("\n")));

test("a table without rows is its head", () => expect(table(["A", "B"], [])).toBe("A  B"));

test("branches below branches", () =>
  expect(
    tree("root", [
      "a",
      { text: "b", below: ["c", { text: "d", below: ["e"] }] },
      { text: "f", below: ["g"] },
    ]),
  ).toBe(["root", "├─ a", "├─ b", "│  ├─ c", "│  └─ d", "│     └─ e", "└─ f", "   └─ g"].join("\n")));

test("a tree without branches is its title", () => expect(tree("root", [])).toBe("root"));
