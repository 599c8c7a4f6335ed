import type { DriverModel } from "@gpuvm/conformance";
import { DevicesSession } from "./devices.ts";
import { LEFT_OUT } from "./left-out.ts";
import { VmBindSession } from "./vm-bind.ts";

/** How the model answers what msm's own code was asked. */
export const MODEL: DriverModel = {
  drivers: ["msm"],
  leftOut: LEFT_OUT,
  begin: (seq) => (seq.startsWith("msm/") ? new VmBindSession() : new DevicesSession(seq)),
};

/** What msm's own code answered, as far as it comes with this package. */
export const VECTORS: readonly URL[] = [
  "msm",
  "msm-study",
  "msm-rows",
  "msm-managed",
  "msm-changed-study",
].map((name) => new URL(`../../vectors/${name}.jsonl.gz`, import.meta.url));
