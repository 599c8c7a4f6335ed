import { UsageError } from "@gpuvm/drm-model";
import { buildCommand, type Command } from "@stricli/core";
import type { MicroArgs } from "../commands/micro.ts";
import { CASES, type MicroCase } from "../micro/workload.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { word } from "./parse.ts";
import { Progress } from "./progress.ts";

interface Flags {
  readonly case?: readonly MicroCase[];
  readonly mappings?: readonly number[];
  readonly ops: number;
  readonly seed: number;
  readonly mode: MicroArgs["mode"];
  readonly runs: number;
  readonly json: boolean;
  readonly full: boolean;
  readonly peers: boolean;
  readonly native: boolean;
  readonly svg?: string;
}

function count(text: string): number {
  const n = Number(text.replaceAll("_", ""));
  if (!Number.isInteger(n) || n < 1 || n > 2 ** 31)
    throw new UsageError(`"${text}" is not a whole number from 1 to 2^31`);
  return n;
}

/** All of them live at once, in memory. */
const MAPPINGS_MAX = 10_000_000;

function mappings(text: string): number {
  const n = count(text);
  if (n > MAPPINGS_MAX)
    throw new UsageError(`at most ${MAPPINGS_MAX} mappings, which live at once; not ${text}`);
  return n;
}

function seed(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32)
    throw new UsageError(`"${text}" is not a whole number from 0 to 2^32 - 1`);
  return n;
}

/** Flags that take several values, also one behind the other: `--n 1000 10000`. */
const LISTS: Readonly<Record<string, string>> = {
  "--n": "-n",
  "-n": "-n",
  "--mappings": "-n",
  "--case": "--case",
};

/** The words as the parser wants them: it takes `--n` for no flag, as it is one letter long, and one value a flag. */
export function microWords(argv: readonly string[]): string[] {
  const out: string[] = [];
  let list: string | undefined;
  let values = 0;
  for (const given of argv) {
    if (given.startsWith("-")) {
      list = LISTS[given];
      values = 0;
      out.push(list ?? given.replace(/^--n=/, "--mappings="));
    } else {
      if (list !== undefined && values++ > 0) out.push(list);
      out.push(given);
    }
  }
  return out;
}

/** `gpuvm-bench micro` */
export const microCommand: Command<BenchContext> = buildCommand<Flags, [], BenchContext>({
  docs: {
    brief: "The core's own speed and memory, against the documented figures of the kernel's C code",
    fullDescription: [
      "Runs exactly defined sequences of requests through the core's public functions, in interleaved rounds, and",
      "shows time per operation, steps, checksums and bytes per mapping.",
      "",
      "  gpuvm-bench micro",
      "  gpuvm-bench micro --case replace --case split --n 1000 --n 1000000 --json",
      "  gpuvm-bench micro --peers --n 100000 --case replace --case split --case churn",
      "  gpuvm-bench micro --native                   beside C++ on this machine, in one run",
      "",
      "--native compiles a yardstick with g++ -O2, or the compiler that CXX names: the same requests on a red-black tree",
      "and on std::map. It takes turns with the core, and all is measured in CPU time.",
      "",
      "Exit codes: 0; 1 a checksum is not the documented one, or what is compared with comes to another; 2 wrong usage,",
      "or no compiler.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      case: { kind: "enum", values: [...CASES], variadic: true, optional: true, brief: "Default: all" },
      mappings: {
        kind: "parsed",
        parse: mappings,
        variadic: true,
        optional: true,
        brief: "Live mappings, as -n or --n, too; default: 1000, 10000, 100000",
        placeholder: "N",
      },
      ops: {
        kind: "parsed",
        parse: count,
        default: "1000000",
        brief: "Operations per run",
        placeholder: "K",
      },
      seed: { kind: "parsed", parse: seed, default: "1", brief: "Seed of the requests", placeholder: "S" },
      mode: {
        kind: "enum",
        values: ["ops", "cb"],
        default: "ops",
        brief: "Steps as a list, or one by one in a callback",
      },
      runs: {
        kind: "parsed",
        parse: count,
        default: "5",
        brief: "Rounds; the median counts",
        placeholder: "R",
      },
      json: { kind: "boolean", default: false, brief: "One JSON object per line" },
      full: { kind: "boolean", default: false, brief: "Also the checksum over every field of every step" },
      svg: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Also a chart of time against mappings",
        placeholder: "FILE",
      },
      peers: {
        kind: "boolean",
        default: false,
        brief: "Compare with data structures from npm, which are to be installed beside",
      },
      native: {
        kind: "boolean",
        default: false,
        brief: "Compare with C++ that is compiled for it: a red-black tree and std::map",
      },
    },
    aliases: { n: "mappings" },
  },
  func: async function (flags) {
    const { runMicro } = await import("../commands/micro.ts");
    const args: MicroArgs = {
      ...flags,
      width: terminalWidth(),
      case: flags.case ?? [],
      n: flags.mappings ?? [1000, 10_000, 100_000],
    };
    const cases = args.case.length === 0 ? CASES.length : new Set(args.case).size;
    const progress = new Progress({ total: cases * args.n.length * args.runs, unit: "runs" });
    const print = (text: string) => {
      progress.end();
      this.print(text);
    };
    await this.finish(() => runMicro(args, print, (done, what) => progress.show(done, what)));
  },
});
