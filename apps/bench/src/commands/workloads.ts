import { type Request, UsageError } from "@gpuvm/drm-model";
import { count } from "@gpuvm/results/units";
import { shippedTraces, TraceWriter } from "@gpuvm/trace/node";
import type { TraceSource } from "@gpuvm/workloads";
import { chosenWorkload, openWorkload, type Stat, TraceStats, WORKLOADS } from "@gpuvm/workloads";
import { EXIT } from "../cli/context.ts";
import { breathe, interruptSignal } from "../cli/interrupt.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { statText } from "../format/stat.ts";
import { markdownTable, sideBySide } from "../format/table.ts";
import { folded } from "../format/wrapped.ts";
import { openTrace } from "../inputs/open-trace.ts";
import { toldSource } from "../inputs/told-source.ts";

/** The arguments of `workloads`. */
export interface WorkloadsArgs {
  /** `NAME[:key=value,...]`; none: all are listed. */
  readonly specs: readonly string[];
  readonly seed: number;
  /** Writes the one workload as a trace there. */
  readonly out: string | undefined;
  readonly format: "table" | "markdown" | "json";
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/**
 * Lists the generated workloads, or shows the figures of some beside those of the traces they imitate, or writes one.
 *
 * @returns the exit code: 0
 */
export async function runWorkloads(
  args: WorkloadsArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const { width = 100 } = args;
  checkOutputs([args.out]);
  if (args.out !== undefined && (args.specs.length !== 1 || args.format !== "table"))
    throw new UsageError("-o writes one workload as a trace: name one, and no --format");
  if (args.specs.length === 0) {
    const list = listing(args.format);
    print(args.format === "table" ? folded(list, width) : list);
    return EXIT.ok;
  }
  const signal = interruptSignal();
  const [first = ""] = args.specs;
  if (args.out !== undefined) {
    const source = openWorkload(first, args.seed);
    const writer = new TraceWriter(args.out, source.header);
    let events = 0;
    try {
      for await (const batch of toldSource(source, source.name).batches()) {
        await breathe();
        signal.throwIfAborted();
        events += batch.length;
        await writer.write(batch);
      }
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await writer.close();
    say(`${source.name}, seed ${args.seed}: ${count(events)} requests into ${args.out}\n`);
    return EXIT.ok;
  }
  for (const [i, spec] of args.specs.entries()) {
    const { workload } = chosenWorkload(spec);
    const mine = await statsOf(openWorkload(spec, args.seed), signal);
    const model = shippedTraces().find((trace) => trace.name === workload.imitates);
    const theirs = model === undefined ? undefined : await statsOf(await openTrace(model.path), signal);
    if (args.format === "json") {
      const figures = Object.fromEntries(mine.map((stat) => [stat.key, stat.values]));
      print(`${JSON.stringify({ workload: spec, seed: args.seed, figures })}\n`);
      continue;
    }
    const head = [`seed ${args.seed}`, spec, ...(model === undefined ? [] : [model.name])];
    const rows = mine.map((stat, n) => [
      stat.label,
      statText(stat),
      ...(theirs === undefined ? [] : [statText(theirs[n] as Stat)]),
    ]);
    const isMarkdown = args.format === "markdown";
    const brief = isMarkdown ? workload.brief : folded(workload.brief, width);
    const table = isMarkdown ? markdownTable(head, rows) : sideBySide(head, rows, width).join("\n\n");
    print(`${i > 0 ? "\n" : ""}${brief}\n\n${table}\n`);
  }
  return EXIT.ok;
}

function listing(format: WorkloadsArgs["format"]): string {
  if (format === "json") {
    const all = WORKLOADS.map(({ name, brief, imitates, parameters }) => ({
      name,
      brief,
      imitates,
      parameters,
    }));
    return `${JSON.stringify(all, null, 2)}\n`;
  }
  const strong = format === "markdown" ? "### " : "";
  const parts = WORKLOADS.map(({ name, brief, imitates, parameters }) => {
    const lines = Object.entries(parameters).map(
      ([key, { value, brief: meaning }]) =>
        `${format === "markdown" ? "- " : "    "}${`${key}=${value}`.padEnd(16)} ${meaning}`,
    );
    const model = imitates === null ? "" : ` (modelled on ${imitates})`;
    const gap = format === "markdown" ? "\n\n" : "\n  ";
    return `${strong}${name}${gap}${brief}${model}\n${format === "markdown" ? "\n" : ""}${lines.join("\n")}`;
  });
  return `${parts.join("\n\n")}\n\nreplay one with: gpuvm-bench run --workload NAME[:key=value,...]\nits figures:     gpuvm-bench workloads NAME\n`;
}

async function statsOf(source: TraceSource, signal: AbortSignal): Promise<Stat[]> {
  const stats = new TraceStats();
  for await (const batch of toldSource(source, source.name).batches()) {
    await breathe();
    signal.throwIfAborted();
    for (const request of batch as readonly Request[]) stats.push(request);
  }
  return stats.stats();
}
