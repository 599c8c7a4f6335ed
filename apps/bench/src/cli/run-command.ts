import { buildCommand, type Command } from "@stricli/core";
import type { RunArgs, RunFormat } from "../commands/run.ts";
import type { OwnershipChoice } from "../policies.ts";
import type { BenchContext } from "./context.ts";
import { positive, word } from "./parse.ts";

interface Flags {
  readonly trace?: readonly string[];
  readonly policy?: readonly string[];
  readonly ownership: OwnershipChoice;
  readonly format: RunFormat;
  readonly details: boolean;
  readonly out?: string;
  readonly audit: boolean;
  readonly lockdep: boolean;
  readonly repeat: number;
  readonly samples: number;
}

/** `gpuvm-bench run` */
export const runCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Replay traces on policies and compare what each costs, retains, leaves behind",
    fullDescription: [
      "Replays the recorded traces (default: the ten that come with the project) on policies (default: five).",
      "",
      "  gpuvm-bench run --details",
      "  gpuvm-bench run --trace my.jsonl.gz --policy msm:soft --policy msm:mainline",
      "  gpuvm-bench run --policy msm --ownership both --format json --out results.json",
      "",
      "Exit codes: 0; 1 a driver left something behind or ran into a hazard; 2 wrong usage or unreadable input.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      trace: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "Trace file, gzip or plain",
        placeholder: "FILE",
      },
      policy: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "DRIVER or DRIVER:VARIANT",
        placeholder: "P",
      },
      ownership: {
        kind: "enum",
        values: ["native", "soft", "hard", "both"],
        default: "native",
        brief: "Whether vm_bos count their BO; native: as the driver does",
      },
      format: {
        kind: "enum",
        values: ["table", "json", "markdown", "csv"],
        default: "table",
        brief: "What is printed",
      },
      details: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Also a table for each trace, every figure",
      },
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Write there instead of to standard output",
        placeholder: "FILE",
      },
      audit: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Record who holds every reference (slower)",
      },
      lockdep: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Check the locking rules (slower)",
      },
      samples: {
        kind: "parsed",
        parse: positive,
        default: "1",
        brief: "Time each replay so often, in interleaved rounds; six give an interval",
        placeholder: "N",
      },
      repeat: {
        kind: "parsed",
        parse: positive,
        default: "1",
        brief: "Replay each trace so often, on one machine",
        placeholder: "N",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "More traces, or policies", parse: word, placeholder: "WORD" },
    },
    aliases: { o: "out", f: "format", t: "trace", p: "policy" },
  },
  func: async function (flags, ...words) {
    const { runRun, sortWords } = await import("../commands/run.ts");
    const args: RunArgs = { ...flags, trace: flags.trace ?? [], policy: flags.policy ?? [], out: flags.out };
    await this.finish(() => runRun(sortWords(words, args), this.print));
  },
});
