/**
 * Answers what panthor's own code (Linux 7.3.4) was asked, for `gpuvm-bench conformance`, and what that code answered.
 *
 * @packageDocumentation
 */

import type { DriverModel } from "@gpuvm/conformance";
import { fold } from "./fold.ts";
import { JobsSession } from "./jobs/session.ts";
import { LEFT_OUT } from "./left-out.ts";
import { PanthorSession } from "./session.ts";

/** Panthor's part in the conformance of drivers. */
export const MODEL: DriverModel = {
  drivers: ["panthor"],
  leftOut: LEFT_OUT,
  fold,
  // Sequences of VMs and buffers alone have the driver's name before their own.
  begin: (seq) => (seq.startsWith("panthor/") ? new PanthorSession() : new JobsSession()),
};

/** What panthor's own code answered. */
export const VECTORS: readonly URL[] = [
  "panthor.jsonl.gz",
  "panthor-examples.jsonl.gz",
  "panthor-jobs.jsonl.gz",
].map((file) => new URL(`../../vectors/${file}`, import.meta.url));
