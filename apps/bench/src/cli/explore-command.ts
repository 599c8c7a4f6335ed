import { availableParallelism } from "node:os";
import { UsageError } from "@gpuvm/drm-model";
import type { Progress as Searched } from "@gpuvm/explorer";
import { count } from "@gpuvm/results/units";
import { buildCommand, type Command } from "@stricli/core";
import type { ExploreArgs } from "../commands/explore.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { nonNegative, positive, shard, word } from "./parse.ts";
import { Progress } from "./progress.ts";
import { MEMORY_FLAG, sizeFlag } from "./size-flag.ts";

type Flags = Omit<
  ExploreArgs,
  "progress" | "generated" | "width" | "json" | "first" | "pairs" | "triples" | "coverage" | "verify"
> & {
  readonly json: boolean;
  readonly first: boolean;
  readonly pairs: boolean;
  readonly triples: boolean;
  readonly coverage: boolean;
  readonly verify: boolean;
};

/** `gpuvm-bench explore` */
export const exploreCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Every interleaving of a small scenario under a policy; the shortest counterexample",
    fullDescription: [
      "Runs the policy's own code under every schedule of a few actors, and looks for what must not happen.",
      "",
      "  gpuvm-bench explore --policy xe",
      "  gpuvm-bench explore --bug X4                 a bug of the catalogue, with its defect",
      "  gpuvm-bench explore --policy ./mine.ts       a policy of your own",
      "  gpuvm-bench explore --policy xe --gart 32K   with little memory within the GPU's reach",
      "  gpuvm-bench explore --replay TOKEN           a counterexample, told again",
      "",
      "Exit codes: 0; 1 a property is violated, or a witness was never reached; 2 wrong usage.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      policy: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "DRIVER[:VARIANT][+DEFECT...], or the path of a module",
        placeholder: "P",
      },
      scenario: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "One scenario; default: all but three-by-three, which takes minutes",
        placeholder: "S",
      },
      bug: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "A bug of the catalogue",
        placeholder: "ID",
      },
      replay: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Tell a counterexample again",
        placeholder: "TOKEN",
      },
      method: {
        kind: "enum",
        values: ["bfs", "dfs", "dpor", "naive", "random", "pct"],
        optional: true,
        brief: "How; default bfs, for the shortest; dpor takes no fingerprint on trust",
      },
      pairs: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Every pair of the policy's calls, from a few setups",
      },
      triples: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Every triple; with --shard, as there are many",
      },
      coverage: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "With pairs or triples: what was never reached, too",
      },
      verify: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief:
          "Hold the searches against each other: same states, same findings, steps that can be taken back",
      },
      inject: {
        kind: "parsed",
        parse: nonNegative,
        optional: true,
        brief: "Failures injected into one schedule",
        placeholder: "N",
      },
      vram: sizeFlag(
        "Memory of the device's own, where a driver has such; what does not fit is evicted: 64K, 1M",
      ),
      gart: sizeFlag(
        "Memory of the host's that the GPU reaches at a time; what does not fit goes out of its reach",
      ),
      memory: MEMORY_FLAG,
      seed: {
        kind: "parsed",
        parse: positive,
        optional: true,
        brief: "Where chance begins",
        placeholder: "N",
      },
      runs: {
        kind: "parsed",
        parse: positive,
        optional: true,
        brief: "Schedules at random",
        placeholder: "N",
      },
      maxSteps: {
        kind: "parsed",
        parse: positive,
        optional: true,
        brief: "Steps of one search",
        placeholder: "N",
      },
      first: { kind: "boolean", default: false, withNegated: false, brief: "Stop at the first finding" },
      shard: {
        kind: "parsed",
        parse: shard,
        optional: true,
        brief: "Only every n-th scenario",
        placeholder: "I/N",
      },
      workers: {
        kind: "parsed",
        parse: positive,
        optional: true,
        brief: "Threads, over scenarios and within one; default: one for each core. The results are the same",
        placeholder: "N",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Results as JSON" },
      perfetto: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "The first counterexample, as a trace for Perfetto",
        placeholder: "FILE",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "A policy", parse: word, placeholder: "P" },
      maximum: 1,
    },
  },
  func: async function (flags, ...words) {
    const { runExplore } = await import("../commands/explore.ts");
    const generated = flags.pairs || flags.triples;
    const progress = new Progress({ total: Number.NaN, unit: generated ? "scenarios" : "states" });
    const [policy = flags.policy] = words;
    if (words[0] !== undefined && flags.policy !== undefined) {
      await this.finish(() => {
        throw new UsageError(`${words[0]} and --policy ${flags.policy}: explore takes one policy`);
      });
      return;
    }
    progress.show(0, policy ?? flags.bug ?? "a counterexample");
    const args: ExploreArgs = {
      workers: availableParallelism(),
      width: terminalWidth(),
      ...flags,
      ...(policy === undefined ? {} : { policy }),
      progress: (scenario, p) => progress.show(p.states, howFar(scenario, p)),
      generated: (done, of) => progress.show(done, policy ?? "", of),
    };
    await this.finish(() =>
      runExplore(args, (text) => {
        progress.end();
        this.print(text);
      }),
    );
  },
});

/** `exit, depth 40, 12,345 transitions of 234,567 steps, 678 to do, 12 MiB`. */
function howFar(scenario: string, { depth, transitions, steps, queued, bytes }: Searched): string {
  const parts = [scenario, `depth ${depth}`, `${count(transitions)} transitions of ${count(steps)} steps`];
  return [...parts, `${count(queued)} to do`, `${Math.ceil(bytes / 2 ** 20)} MiB`].join(", ");
}
