import { vi } from "vitest";
import { main } from "../src/cli/app.ts";

/** A command's exit code, and what it wrote. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process: the start of a process costs more than most of what tests ask for. */
export async function bench(...args: string[]): Promise<Ran> {
  const said = { out: "", err: "" };
  const hear = (which: keyof typeof said) => (text: unknown, encoding?: unknown, written?: unknown) => {
    said[which] += text instanceof Uint8Array ? Buffer.from(text).toString() : String(text);
    const done = typeof encoding === "function" ? encoding : written;
    if (typeof done === "function") done();
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

/** The same, in a folder. */
export async function benchIn(folder: string, ...args: string[]): Promise<Ran> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await bench(...args);
  } finally {
    process.chdir(before);
  }
}
