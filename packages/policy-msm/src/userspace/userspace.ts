import type { Userspace } from "@gpuvm/drm-model";
import type { MsmRules } from "../policy/rules.ts";
import { lift } from "./lift.ts";
import { lowerLegacy } from "./lower-legacy.ts";
import { lowerVmBind } from "./lower-vm-bind.ts";

/** What the program of a trace uses, seen from its requests. */
function uses(requests: readonly { readonly op: string }[]): { vmBind: boolean; setIova: boolean } {
  const ops = new Set(requests.map(({ op }) => op));
  return { vmBind: ops.has("enable_vm_bind"), setIova: ops.has("set_iova") };
}

/** How programs speak to one version. The version of programs that opt in speaks VM_BIND, and nothing else. */
export function msmUserspace(rules: MsmRules): Userspace {
  const optIn = rules.name === "vm-bind";
  return {
    speaks(header, requests) {
      if (header.driver !== "msm") return false;
      const { vmBind, setIova } = uses(requests);
      if (optIn) return vmBind;
      return (!vmBind || (rules.vmBind && rules.privateVms)) && (!setIova || rules.setIova);
    },
    lift: () => lift(),
    lower: () => (optIn ? lowerVmBind() : lowerLegacy()),
  };
}
