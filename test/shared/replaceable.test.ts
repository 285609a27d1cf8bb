import { expect, test } from "bun:test";
import { obstacleTo, type Traits } from "../../src/shared/replaceable.ts";

const fine: Traits = {
  names: 1,
  same_device: true,
  writable: true,
  folder_writable: true,
  can_link: true,
  beside: null,
  same_name: false,
};
test.each([
  [{}, null, ""],
  [{ names: 2 }, "not_replaceable", "2 names (hard links)"],
  [{ writable: false }, "not_replaceable", "read-only"],
  [{ folder_writable: false }, "not_replaceable", "its folder is read-only"],
  [{ same_device: false }, "not_replaceable", "another file system"],
  [{ same_name: true }, null, ""],
  [{ can_link: false }, null, ""],
  [{ same_name: true, can_link: false }, "not_replaceable", "second names"],
  [{ beside: "A.mp4" }, "name_taken", "A.mp4 beside it"],
])("a film with %p is noticed before any work: %p", (changed, reason, text) => {
  const obstacle = obstacleTo({ ...fine, ...changed });
  expect(obstacle?.reason ?? null).toBe(reason as never);
  expect(obstacle?.message ?? "").toContain(text);
});
