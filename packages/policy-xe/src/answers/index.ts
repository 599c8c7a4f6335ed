/**
 * How this driver answers what its own code was asked: for `replayFile` of `@gpuvm/conformance`.
 *
 * @packageDocumentation
 */

import type { DriverModel, DriverSession } from "@gpuvm/conformance";
import { DriverAnswers } from "./driver-session.ts";
import { LATE, LEFT_OUT } from "./left-out.ts";
import { PtAnswers } from "./pt-session.ts";

/** Answers requests that begin with `xe`: those to the whole driver, and those to its page-table code alone. */
export const MODEL: DriverModel = {
  drivers: ["xe"],
  leftOut: LEFT_OUT,
  late: LATE,
  begin() {
    let session: DriverSession | null = null;
    return {
      answer(words) {
        session ??= words[1] === "new" ? new PtAnswers() : new DriverAnswers(vramOf(words));
        return session.answer(words);
      },
      unknown: () => session?.unknown?.() ?? {},
      settled: () => session?.settled?.() ?? true,
      describe: () => session?.describe() ?? [],
    };
  },
};

/** `xe dgfx BYTES` is a device with memory of its own. */
function vramOf(words: readonly string[]): number | null {
  return words[1] === "dgfx" ? Number(words[2]) : null;
}

/** The answers of the driver's own code that come with this package; `vectors/PROVENANCE.md` says what they are. */
export const VECTORS: readonly URL[] = ["xe", "xe-pt", "xe-vram", "xe-named"].map(
  (name) => new URL(`../../vectors/${name}.jsonl.gz`, import.meta.url),
);
