import { describe, expect, it, vi } from "vitest";
import { main } from "../src/cli/app.ts";

async function printed(...args: string[]): Promise<string> {
  let out = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    expect(await main(args)).toBe(0);
    return out;
  } finally {
    spy.mockRestore();
  }
}

describe("JSON is asked for in one way", () => {
  it.each([
    ["why", "--policy", "xe"],
    ["workloads"],
    ["bugs", "P5"],
    ["explore", "--policy", "powervr", "--scenario", "create-vs-destroy", "--workers", "1"],
  ])("%s", async (...args) => {
    const flag = await printed(...args, "--json");
    expect(() => JSON.parse(flag)).not.toThrow();
    expect(await printed(...args, "--format", "json")).toBe(flag);
    expect(await printed(...args, "-f", "json")).toBe(flag);
  });
});
