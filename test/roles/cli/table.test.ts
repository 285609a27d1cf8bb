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

test("on a terminal the widest columns are cut in the middle until a row fits", () =>
  expect(
    table(
      ["ID", "SOURCE", "WHY"],
      [
        ["0123456789ab", "season one/episode twelve.mkv", "the file says so and so much"],
        ["x", "b.mkv", ""],
      ],
      48,
    ),
  ).toBe(
    [
      "ID            SOURCE            WHY",
      "0123456789ab  season o…lve.mkv  the file…so much",
      "x             b.mkv",
    ].join("\n"),
  ));

test("without a terminal nothing is cut, and a very long cell widens its own row only", () => {
  const long = "x".repeat(100);
  const rows = [
    ["a", "1"],
    [long, "2"],
  ];
  expect(table(["NAME", "N"], rows)).toBe(
    [`NAME${" ".repeat(56)}  N`, `a${" ".repeat(59)}  1`, `${long}  2`].join("\n"),
  );
});

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
