import * as v from "valibot";
import type { Results } from "../results.ts";
import { count, list, object, text, texts } from "./fields.ts";
import { options, run } from "./run-schema.ts";

/**
 * What a result file is. `results.schema.json`, which comes with the package, is made of it: only that columns which belong
 * together have one length is not in there.
 */
export const resultsSchema: v.GenericSchema<unknown, Results> = object({
  format: v.literal("gpuvm-bench-results", 'is not "gpuvm-bench-results"'),
  version: v.literal(1, "is not 1"),
  machine: object({ cpu: text, cores: count, node: text, platform: text }),
  options,
  whole: v.exactOptional(list(text)),
  versions: v.exactOptional(texts),
  partial: v.exactOptional(v.literal(true, "is not true")),
  incomplete: v.exactOptional(list(text)),
  refusals: v.exactOptional(list(object({ trace: text, subject: text, why: text }))),
  runs: list(run),
});
