/**
 * How this driver answers what its own code was asked: for `replayFile` of `@gpuvm/conformance`.
 *
 * @packageDocumentation
 */

import type { DriverModel } from "@gpuvm/conformance";
import { LEFT_OUT } from "./left-out.ts";
import { NouveauSession } from "./nouveau-session.ts";
import { NvkmSession } from "./nvkm-session.ts";

/** Answers requests that begin with `nouveau`, and with `nvkm`, for page tables by themselves. */
export const MODEL: DriverModel = {
  drivers: ["nouveau", "nvkm"],
  leftOut: LEFT_OUT,
  begin: (seq) => (/(^|\/)nvkm\//.test(seq) ? new NvkmSession() : new NouveauSession(seq)),
};

/** The answers of the driver's own code that come with this package; `vectors/PROVENANCE.md` says what they are. */
export const VECTORS: readonly URL[] = ["nouveau", "nvkm", "named"].map(
  (name) => new URL(`../../vectors/${name}.jsonl.gz`, import.meta.url),
);
