import { buildCommand, type Command } from "@stricli/core";
import type { StudyArgs } from "../commands/study.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { positive, word } from "./parse.ts";

interface Flags {
  readonly policy?: readonly string[];
  readonly workload?: readonly string[];
  readonly format: StudyArgs["format"];
  readonly details: boolean;
  readonly schedules: boolean;
  readonly flips: number;
  readonly buffers: number;
  readonly jobs: number;
  readonly jobMs: number;
  readonly hz: number;
  readonly costs?: string;
  readonly out?: string;
}

const number = (brief: string, initial: number) =>
  ({ kind: "parsed", parse: positive, default: String(initial), brief, placeholder: "N" }) as const;

/** `gpuvm-bench study` */
export const studyCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Nine ways of owning a BO, small workloads: what each leaks, retains, blocks, risks",
    fullDescription: [
      "Answers by experiment why one driver wanted weak references and four did not. Each cell is measured on the running",
      "model and held against what the fact sheet of the discussion says.",
      "",
      "  gpuvm-bench study",
      "  gpuvm-bench study W3 W4 --policy msm:hard-unpin --policy msm:mainline --flips 600",
      "  gpuvm-bench study --format json",
      "  gpuvm-bench study --schedules    W10 and W10b step by step, with the repairs of the rule",
      "",
      "Exit codes: 0; 1 a cell differs and nobody has explained why; 2 wrong usage.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      policy: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "DRIVER or DRIVER:VARIANT; default: every variant",
        placeholder: "P",
      },
      workload: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "W1 to W21; default: all",
        placeholder: "W",
      },
      format: {
        kind: "enum",
        values: ["table", "json", "markdown"],
        default: "table",
        brief: "What is printed",
      },
      details: { kind: "boolean", default: false, withNegated: false, brief: "Every figure, every claim" },
      schedules: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "W10 step by step, every order",
      },
      flips: number("Page flips of W3 and W4", 120),
      buffers: number("Buffers that they rotate through", 3),
      jobs: number("Jobs, or iterations, of the others", 12),
      jobMs: number("Modelled milliseconds of a GPU job", 10),
      hz: number("Refresh rate", 60),
      costs: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Costs of map and unmap, in place of the quoted ones",
        placeholder: "FILE.json",
      },
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Write there instead of to standard output",
        placeholder: "FILE",
      },
    },
    positional: { kind: "array", parameter: { brief: "More workloads", parse: word, placeholder: "W" } },
    aliases: { f: "format", o: "out" },
  },
  func: async function (flags, ...words) {
    const { runStudy } = await import("../commands/study.ts");
    const args: StudyArgs = {
      ...flags,
      policy: flags.policy ?? [],
      workload: [...(flags.workload ?? []), ...words],
      costs: flags.costs,
      out: flags.out,
      ...(flags.out === undefined ? { width: terminalWidth() } : {}),
    };
    await this.finish(() => runStudy(args, this.print));
  },
});
