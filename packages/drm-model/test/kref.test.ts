import { DrmDevice, Ledger } from "@gpuvm/core";
import { expect, it } from "vitest";
import { Kref } from "../src/index.ts";

it("releases once, at the last put, and knows who holds", () => {
  const dev = new DrmDevice({ ledger: new Ledger() });
  let released = 0;
  const kref = new Kref(dev, "queue#1", "file", () => released++);
  kref.get("submit#2");
  expect(dev.ledger?.holders(kref).map((h) => h.holder)).toEqual(["file", "submit#2"]);
  expect(() => kref.put("nobody")).toThrow("LEDGER");
  expect(kref.put("file")).toBe(false);
  expect(kref.put("submit#2")).toBe(true);
  expect(released).toBe(1);
  expect(() => kref.get("late")).toThrow("USE_AFTER_FREE");
  expect(() => kref.put("late")).toThrow("REFCOUNT");
});
