/**
 * How this driver answers what its own code was asked: for `replayFile` of `@gpuvm/conformance/node`.
 *
 * @packageDocumentation
 */

import type { DriverModel } from "@gpuvm/conformance";
import { LEFT_OUT } from "./left-out.ts";
import { Session } from "./session.ts";

/** Answers requests that begin with `powervr`. */
export const MODEL: DriverModel = {
  drivers: ["powervr"],
  leftOut: LEFT_OUT,
  // Sequences of VMs and buffers alone have the driver's name before their own.
  begin: (seq) => new Session(seq.startsWith("powervr/") ? "vms" : "jobs"),
};

/** The answers of the driver's own code that come with this package; `vectors/PROVENANCE.md` says what they are. */
export const VECTORS: readonly URL[] = [
  new URL("../../vectors/powervr.jsonl.gz", import.meta.url),
  new URL("../../vectors/powervr-jobs.jsonl.gz", import.meta.url),
];
