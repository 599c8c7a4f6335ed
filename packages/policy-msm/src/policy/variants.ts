import { USAGE_BOOKKEEP, USAGE_READ } from "@gpuvm/core";
import type { HandleCloseRule, MsmRules, TeardownRules } from "./rules.ts";

/** `msm_gem_close` of v4 and v5: READ fences, for at most 1000 ms, the answer ignored. */
const BOUNDED_CLOSE: HandleCloseRule = { usage: USAGE_READ, limitNs: 1_000_000_000 };

/** `msm_gem_close` since 6.17: every fence, without limit. */
const UNBOUNDED_CLOSE: HandleCloseRule = { usage: USAGE_BOOKKEEP, limitNs: null };

/** Nothing but BO free and SET_IOVA 0. */
const AT_FREE_ONLY: TeardownRules = { handleClose: null, unpin: "never", retire: false, vmaRef: false };

/** Every version, the default first. */
export const MSM_RULES: readonly MsmRules[] = [
  {
    name: "soft",
    models: "the posted series, v4 (14 May 2025): DRM_GPUVM_VA_WEAK_REF on kernel-managed VMs",
    vmas: "gpuvm",
    managed: "soft",
    teardown: { ...AT_FREE_ONLY, handleClose: BOUNDED_CLOSE },
    submitHoldsVmBo: false,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: true,
  },
  {
    name: "vm-bind",
    models: "Linux 6.17 to 7.3.4, programs that set MSM_PARAM_EN_VM_BIND",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: UNBOUNDED_CLOSE, unpin: "not-kms", retire: false, vmaRef: true },
    submitHoldsVmBo: true,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: true,
  },
  {
    name: "mainline",
    models: "Linux 6.17 to 7.3.4, kernel-managed VM",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: UNBOUNDED_CLOSE, unpin: "not-kms", retire: false, vmaRef: true },
    submitHoldsVmBo: true,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: true,
  },
  {
    name: "shared",
    models:
      "Linux 6.17 to 7.3.4 where programs have no page tables of their own (GPUs before a6xx, or no memory for a private VM): all share gpu->vm",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: UNBOUNDED_CLOSE, unpin: "not-kms", retire: false, vmaRef: true },
    submitHoldsVmBo: true,
    privateVms: false,
    emptiesAtClose: true,
    setIova: false,
    vmBind: true,
  },
  {
    name: "split",
    models: "Linux 6.17 to 7.3.4, kernel-managed VM, GPU and display as two devices (separate_gpu_kms)",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: UNBOUNDED_CLOSE, unpin: "not-kms", retire: false, vmaRef: true },
    submitHoldsVmBo: true,
    privateVms: true,
    emptiesAtClose: true,
    separateKms: true,
    setIova: true,
    vmBind: true,
  },
  {
    name: "before",
    models: "Linux 6.16 with the first patches of the series (001ddc857c5b): own VMA code",
    vmas: "bo",
    managed: "soft",
    teardown: AT_FREE_ONLY,
    submitHoldsVmBo: false,
    privateVms: true,
    emptiesAtClose: false,
    setIova: true,
    vmBind: false,
  },
  {
    name: "soft-pure",
    models: "model only: the flag of v4 02/40, and no event but the free of the BO",
    vmas: "gpuvm",
    managed: "soft",
    teardown: AT_FREE_ONLY,
    submitHoldsVmBo: false,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: false,
  },
  {
    name: "hard-naive",
    models: "model only: counted references, and no event to tear them down; a control that must leak",
    vmas: "gpuvm",
    managed: "hard",
    teardown: AT_FREE_ONLY,
    submitHoldsVmBo: false,
    privateVms: true,
    emptiesAtClose: true,
    setIova: false,
    vmBind: false,
  },
  {
    name: "hard-retire",
    models:
      "model only: the maintainer's proposal on v4 02/40 (15 May 2025), teardown when the request completes",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: null, unpin: "always", retire: true, vmaRef: false },
    submitHoldsVmBo: true,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: false,
  },
  {
    name: "hard-unpin",
    models: "the series' v6 (5 June 2025), 11/40 without 39/40: no vma_ref",
    vmas: "gpuvm",
    managed: "hard",
    teardown: { handleClose: UNBOUNDED_CLOSE, unpin: "always", retire: false, vmaRef: false },
    submitHoldsVmBo: true,
    privateVms: true,
    emptiesAtClose: true,
    setIova: true,
    vmBind: false,
  },
];

/** A version by its name. */
export function rulesNamed(name: string): MsmRules {
  const rules = MSM_RULES.find((known) => known.name === name);
  if (rules === undefined) throw new RangeError(`msm has no version "${name}"`);
  return rules;
}

/** Versions of which only the events that tear mappings down, and the counting, were tried on the code of 7.3.4. */
const CHANGED: Readonly<Record<string, string>> = {
  hard0: "hard-naive",
  hardu: "hard-unpin",
  hardr: "hard-retire",
  soft0: "soft-pure",
  soft4: "soft",
};

/** The code of 7.3.4 with only that changed: not code in use. `name`: `hard0`, `hardu`, `hardr`, `soft0`, `soft4`. */
export function changedRules(name: string): MsmRules {
  const { managed, teardown, submitHoldsVmBo } = rulesNamed(CHANGED[name] ?? name);
  return { ...rulesNamed("mainline"), name, managed, teardown, submitHoldsVmBo };
}
