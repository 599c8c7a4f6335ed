import { UsageError } from "@gpuvm/drm-model";
import * as v from "valibot";
import type { Results } from "./results.ts";
import { resultsSchema } from "./schema/results-schema.ts";

/**
 * Reads the text of a result file; `name` is what messages call it.
 *
 * @throws UsageError with the name, the field and what to do, if it is none.
 */
export function parseResults(text: string, name: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: ${noJson(text, error)}; ${MAKE_ONE}`);
  }
  const result = v.safeParse(resultsSchema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new UsageError(
    `${name}: ${fieldOf(issue)} ${issue.message}${found(issue)}: no result file of this version; ${MAKE_ONE}`,
  );
}

const MAKE_ONE = "write one with: gpuvm-bench run --format json --out FILE";

function noJson(text: string, error: unknown): string {
  if (text.trim() === "") return "is empty";
  // Of a file that is no text at all, the parser's words are its bytes.
  return /^[\p{Cc}\ufffd]/u.test(text.trimStart())
    ? "is not JSON, but binary"
    : `is not JSON (${(error as Error).message})`;
}

/** `runs[3].timing.samples_ms[0]`: where in the file an issue is. */
function fieldOf({ path }: v.BaseIssue<unknown>): string {
  if (path === undefined) return "the whole";
  return path
    .map(({ key }, i) => (typeof key === "number" ? `[${key}]` : `${i === 0 ? "" : "."}${String(key)}`))
    .join("");
}

/** Characters of a wrong value that are shown. */
const SHOWN = 40;

function found({ input, expected }: v.BaseIssue<unknown>): string {
  if (input === undefined || expected === "never") return "";
  const json = typeof input === "number" ? String(input) : JSON.stringify(input);
  return ` (it is ${json.length > SHOWN ? `${json.slice(0, SHOWN)}...` : json})`;
}
