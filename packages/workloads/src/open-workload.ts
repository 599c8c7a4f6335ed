import {
  NEUTRAL_DRIVER,
  type NeutralRequest,
  TRACE_FORMAT,
  TRACE_VERSION,
  UsageError,
  unknownName,
} from "@gpuvm/drm-model";
import { WORKLOADS } from "./catalogue.ts";
import { Random } from "./random.ts";
import type { TraceSource } from "./source.ts";
import type { Workload } from "./workload.ts";

/** Requests that are handed on together. */
const BATCH = 4096;

/** A workload with its parameters set. */
export interface ChosenWorkload {
  readonly workload: Workload;
  readonly parameters: Readonly<Record<string, number>>;
  /** `NAME`, with the parameters that are not at their default. */
  readonly name: string;
}

/**
 * What `NAME[:key=value,...]` names.
 *
 * @throws UsageError with the names there are
 */
export function chosenWorkload(spec: string): ChosenWorkload {
  const [name = "", rest = ""] = spec.split(/:(.*)/s, 2);
  const workload = WORKLOADS.find((w) => w.name === name);
  if (workload === undefined) {
    throw unknownName(
      "workload",
      name,
      WORKLOADS.map((w) => w.name),
    );
  }
  const parameters: Record<string, number> = {};
  for (const [key, { value }] of Object.entries(workload.parameters)) parameters[key] = value;
  const given: string[] = [];
  for (const part of rest.split(",").filter((text) => text !== "")) {
    const [key = "", text = ""] = part.split("=", 2);
    const value = Number(text);
    const range = Object.hasOwn(workload.parameters, key) ? workload.parameters[key] : undefined;
    if (range === undefined) throw unknownName(`parameter of ${name}`, key, Object.keys(parameters));
    if (text.trim() === "" || !(value >= range.least && value <= range.most)) {
      throw new UsageError(
        `${name}: ${key} is "${text}", which is no number from ${range.least} to ${range.most}`,
      );
    }
    parameters[key] = value;
    given.push(`${key}=${value}`);
  }
  return { workload, parameters, name: given.length === 0 ? name : `${name}:${given.join(",")}` };
}

/** A workload as a trace that can be replayed as often as there are policies: it is generated anew each time. */
export function openWorkload(spec: string, seed: number): TraceSource {
  const { workload, parameters, name } = chosenWorkload(spec);
  const generate = () => batched(workload.requests(parameters, new Random(seed)));
  const head = generate().next().value ?? [];
  return {
    name,
    path: "",
    header: {
      format: TRACE_FORMAT,
      version: TRACE_VERSION,
      driver: NEUTRAL_DRIVER,
      userspace: "gpuvm-bench",
      program: name,
      capturedWith: `generated; the fence of a submit signals after ${workload.jobUs} us of simulated GPU time`,
      description: `generated, seed ${seed}: ${workload.brief}`,
    },
    head,
    warnings: [],
    batches: async function* () {
      yield* generate();
    },
  };
}

function* batched(
  pieces: Iterable<readonly NeutralRequest[]>,
): Generator<readonly NeutralRequest[], undefined> {
  let batch: NeutralRequest[] = [];
  for (const piece of pieces) {
    for (const request of piece) batch.push(request);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  return undefined;
}
