import type { CommandContext } from "@stricli/core";

/** What commands are given. */
export interface BenchContext extends CommandContext {
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** Runs a command; its answer is the exit code. */
  readonly finish: (command: () => Promise<number> | number) => Promise<void>;
}

/**
 * Exit codes of the program. `incomplete`: it did what it was asked, but not with all of the input: events were lost,
 * requests refused, lines not understood.
 */
export const EXIT = { ok: 0, violated: 1, usage: 2, regression: 3, incomplete: 4, interrupted: 130 } as const;
