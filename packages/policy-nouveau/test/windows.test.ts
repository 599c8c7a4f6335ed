import { expect, it } from "vitest";
import { Windows, WindowTable } from "../src/userspace/windows.ts";

it("sends no two windows of a program to one place, although the kernel's part is in between", () => {
  const windows = new Windows(new WindowTable(), "vm 1");
  const GIB4 = 2 ** 32;
  const places = Array.from({ length: 300 }, (_, i) => windows.place((100 + i) * GIB4, 4096)[0]?.va);
  expect(new Set(places).size).toBe(300);
});
