/** The first line of a trace: reading and checking it. */
import { TRACE_FORMAT, TRACE_VERSION, type TraceHeader } from "@gpuvm/drm-model";
import * as v from "valibot";
import { TraceError } from "./trace-error.ts";

const text = v.optional(v.string("is not a string"));
const count = v.optional(
  v.pipe(v.number("is not a number"), v.safeInteger("is not an integer"), v.minValue(0, "is negative")),
);

const headerSchema = v.object(
  {
    format: v.literal(TRACE_FORMAT, `is not "${TRACE_FORMAT}"`),
    version: v.literal(TRACE_VERSION, `is not ${TRACE_VERSION}`),
    driver: v.pipe(v.string("is missing or not a string"), v.minLength(1, "is empty")),
    userspace: text,
    mesaVersion: text,
    gpu: text,
    program: text,
    description: text,
    capturedWith: text,
    events: count,
    boCount: count,
    submits: count,
    durationMs: v.optional(v.pipe(v.number("is not a number"), v.finite(), v.minValue(0, "is negative"))),
  },
  "is not an object",
);

const HINTS: Readonly<Record<string, string>> = {
  format: "this reader takes gpu-bo-trace; for other formats use the importers",
  version: "the file is from another version of the recorder; use a reader that knows it",
  driver: "name the kernel driver whose interface was used, such as msm or xe",
};

/**
 * Parses the header line.
 *
 * @throws TraceError when it isn't the header of a `gpu-bo-trace` of a known version.
 */
export function parseHeader(line: string, file: string, lineNumber: number): TraceHeader {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new TraceError(
      {
        file,
        line: lineNumber,
        reason: "the first line is not JSON, so this is not a gpu-bo-trace",
        hint: HINTS["format"] as string,
      },
      { cause },
    );
  }
  const result = v.safeParse(headerSchema, value);
  // Valibot's optional keys are absent when they were absent, as TraceHeader wants them.
  if (result.success) return result.output as TraceHeader;
  const issue = result.issues[0];
  const field = v.getDotPath(issue) ?? "header";
  const column = line.indexOf(JSON.stringify(field)) + 1;
  throw new TraceError({
    file,
    line: lineNumber,
    ...(column > 0 ? { column } : {}),
    reason: `${field === "header" ? "the header" : `the header's ${field}`} ${issue.message}`,
    hint: HINTS[field] ?? "correct it, or leave it out",
  });
}
