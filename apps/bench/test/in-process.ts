import { vi } from "vitest";
import { main } from "../src/cli/app.ts";

/** Runs the command in this process: its exit code, and what it wrote. */
export async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const hear = (which: keyof typeof said) => (text: unknown) => {
    said[which] += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(hear("out")),
    vi.spyOn(process.stderr, "write").mockImplementation(hear("err")),
  ];
  try {
    const code = await main(args);
    return { code, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
