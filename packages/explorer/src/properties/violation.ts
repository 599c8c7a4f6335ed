import { GpuvmError } from "@gpuvm/core";
import { Endless } from "@gpuvm/core/undo";
import type { Hazard } from "@gpuvm/drm-model";

/** A property that does not hold. */
export interface Violation {
  /** Which property: a kind of hazard, an error code, `deadlock`, `endless`, `crash`, `leak`, `not-atomic`, `wrong`. */
  readonly kind: string;
  /** What happened. */
  readonly message: string;
}

/** The violation without its numbers: what two schedules that show the same thing have in common. */
export function violationKey(violation: Violation): string {
  return `${violation.kind}: ${violation.message.replace(/0x[0-9a-f]+|\d+/g, "#")}`;
}

/** Whether a violation of this key shows in a step that is not over: whoever runs it as plain code waits for ever. */
export function isEndless(key: string): boolean {
  return key.startsWith("endless:");
}

/** A hazard of the machine as a violation. */
export function ofHazard(hazard: Hazard): Violation {
  return { kind: hazard.kind, message: `${hazard.object}: ${hazard.detail}` };
}

/**
 * What a step threw as a violation. Whatever is not a rule of the core is a crash: in the kernel, most often, a null
 * pointer.
 */
export function ofError(error: unknown, who: string): Violation {
  if (error instanceof GpuvmError) {
    return { kind: error.code, message: `${who}: ${error.message.slice(error.code.length + 2)}` };
  }
  if (error instanceof Endless) return { kind: "endless", message: `${who}: ${error.message}` };
  if (error instanceof RangeError && error.message.includes("call stack")) throw error;
  const text = error instanceof Error ? error.message : String(error);
  return { kind: "crash", message: `${who}: ${text}` };
}
