import type { OwnershipChoice } from "@gpuvm/drivers";
import { buildCommand, type Command } from "@stricli/core";
import type { RunArgs, RunFormat } from "../commands/run.ts";
import type { Shard } from "../run/plan.ts";
import type { BenchContext } from "./context.ts";
import { contiguity, nonNegative, pattern, percentage, positive, shard, word } from "./parse.ts";
import { MEMORY_FLAG, sizeFlag } from "./size-flag.ts";

interface Flags {
  readonly trace?: readonly string[];
  readonly workload?: readonly string[];
  readonly seed: number;
  readonly filter?: RegExp;
  readonly shard?: Shard;
  readonly report?: string;
  readonly reference?: string;
  readonly saveBaseline?: string;
  readonly baseline?: string;
  readonly threshold: number;
  readonly failOn?: "regression";
  readonly policy?: readonly string[];
  readonly ownership: OwnershipChoice;
  readonly format: RunFormat;
  readonly details: boolean;
  readonly contiguity?: number;
  readonly vram?: number;
  readonly gart?: number;
  readonly memory?: number;
  readonly out?: string;
  readonly audit: boolean;
  readonly lockdep: boolean;
  readonly repeat: number;
  readonly maxBuffers: number;
  readonly samples: number;
  readonly workers: number;
}

/** `DRIVER` and `DRIVER:VARIANT`, for completion. */
async function policyNames(partial: string): Promise<string[]> {
  const { DRIVERS } = await import("@gpuvm/drivers");
  const all = DRIVERS.flatMap(({ name, variants }) => [
    name,
    ...Object.keys(variants).map((v) => `${name}:${v}`),
  ]);
  return all.filter((name) => name.startsWith(partial));
}

async function workloadNames(partial: string): Promise<string[]> {
  const { WORKLOADS } = await import("@gpuvm/workloads");
  return WORKLOADS.map(({ name }) => name).filter((name) => name.startsWith(partial));
}

/** `gpuvm-bench run` */
export const runCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Replay traces on policies and compare what each costs, retains, leaves behind",
    fullDescription: [
      "Replays the recorded traces (default: the ten that come with the project) on policies (default: five).",
      "A trace is a gpu-bo-trace or anything that import reads. Without arguments the figures and an HTML report",
      "also go into gpuvm-results/.",
      "",
      "  gpuvm-bench run --details",
      "  gpuvm-bench run --trace my.jsonl.gz --policy msm:soft --policy msm:mainline",
      "  gpuvm-bench run --policy msm --ownership both --format json --out results.json",
      "  gpuvm-bench run --workload browser:tabs=4 --report report.html",
      "  gpuvm-bench run --samples 6 --reference powervr --filter glmark2",
      "  gpuvm-bench run --workers 2 --filter glmark2",
      "  gpuvm-bench run --shard 1/4 --format json --out part-1.json",
      "",
      "Exit codes: 0; 1 something was left behind or a hazard was met in any column; 2 wrong usage or unreadable input;",
      "3 with --fail-on regression, if something is worse than the baseline; 4 not all of the trace: events were lost,",
      "lines not understood, requests refused, or a policy cannot hold it; 130 interrupted, with what is finished.",
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
      workload: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "A generated workload: NAME or NAME:key=value,...; see: gpuvm-bench workloads",
        placeholder: "W",
        proposeCompletions: workloadNames,
      },
      seed: {
        kind: "parsed",
        parse: nonNegative,
        default: "1",
        brief: "Seed of the workloads",
        placeholder: "N",
      },
      policy: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "DRIVER or DRIVER:VARIANT",
        placeholder: "P",
        proposeCompletions: policyNames,
      },
      ownership: {
        kind: "enum",
        values: ["native", "soft", "hard", "both"],
        default: "native",
        brief: "Whether vm_bos count their BO; native: as the driver does",
      },
      format: {
        kind: "enum",
        values: ["table", "json", "markdown", "csv", "benchstat"],
        default: "table",
        brief: "What is printed",
      },
      contiguity: {
        kind: "parsed",
        parse: contiguity,
        optional: true,
        brief:
          "How the memory of buffers lies, in contiguous pieces: 4K, 64K, 2M, whole; default: as with each driver",
        placeholder: "SIZE",
      },
      vram: sizeFlag(
        "Memory of the device's own, where a driver has such; what does not fit is evicted: 64M, 8G",
      ),
      gart: sizeFlag(
        "Memory of the host's that the GPU reaches at a time, for xe and nouveau; more goes out of its reach",
      ),
      memory: MEMORY_FLAG,
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
      report: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Also write an HTML report there",
        placeholder: "FILE",
      },
      filter: {
        kind: "parsed",
        parse: pattern,
        optional: true,
        brief: "Only replays whose 'TRACE on POLICY:VARIANT' matches",
        placeholder: "REGEX",
      },
      shard: {
        kind: "parsed",
        parse: shard,
        optional: true,
        brief: "Only the i-th of n parts; gpuvm-bench merge joins them",
        placeholder: "i/n",
      },
      reference: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Also give replay times relative to this policy's",
        placeholder: "P",
      },
      saveBaseline: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Keep the results in gpuvm-results/baselines under this name",
        placeholder: "NAME",
      },
      baseline: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Compare with the results kept under this name",
        placeholder: "NAME",
      },
      threshold: {
        kind: "parsed",
        parse: percentage,
        default: "1%",
        brief: "Smaller differences from the baseline do not count",
        placeholder: "P",
      },
      failOn: {
        kind: "enum",
        values: ["regression"],
        optional: true,
        brief: "Answer 3 if something is worse than the baseline",
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
      workers: {
        kind: "parsed",
        parse: positive,
        default: "1",
        brief:
          "Threads: replays at a time. Counts are the same; each replay's own time grows where they get in each other's way",
        placeholder: "N",
      },
      maxBuffers: {
        kind: "parsed",
        parse: positive,
        default: "500000",
        brief: "Refuse a trace with more buffers open at once: memory and time grow with them",
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
    aliases: { o: "out", f: "format", t: "trace", p: "policy", w: "workload" },
  },
  func: async function (flags, ...words) {
    const { runRun, sortWords } = await import("../commands/run.ts");
    const { failOn, ...rest } = flags;
    const args: RunArgs = {
      ...rest,
      trace: flags.trace ?? [],
      workload: flags.workload ?? [],
      policy: flags.policy ?? [],
      contiguity: flags.contiguity,
      vram: flags.vram,
      gart: flags.gart,
      memory: flags.memory,
      out: flags.out,
      report: flags.report,
      filter: flags.filter,
      shard: flags.shard,
      reference: flags.reference,
      saveBaseline: flags.saveBaseline,
      baseline: flags.baseline,
      failOnRegression: failOn === "regression",
    };
    await this.finish(() => runRun(sortWords(words, args), this.print));
  },
});
