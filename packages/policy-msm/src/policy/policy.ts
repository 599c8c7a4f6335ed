import type { BoOwnership, Capability, ReferencePolicy, TeardownEvent } from "@gpuvm/core";
import { edgesOf } from "./policy-edges.ts";
import type { MsmRules } from "./rules.ts";

/** Whether a version is that of programs that opted in: then the table is of their VMs, not of kernel-managed ones. */
export function optsIn(rules: MsmRules): boolean {
  return rules.name === "vm-bind";
}

/**
 * What a version declares of itself, when its VMs count their objects or do not. Drawn from the same rules as the code
 * runs by.
 */
export function policyOf(rules: MsmRules, boOwnership: BoOwnership = rules.managed): ReferencePolicy {
  const { name: variant, models } = rules;
  return {
    driver: "msm",
    variant,
    models,
    boOwnership,
    vms: ["program", "kernel", "scanout"],
    edges: edgesOf(rules, boOwnership),
    teardown: teardownOf(rules, boOwnership),
    capabilities: capabilitiesOf(rules),
  };
}

function teardownOf(rules: MsmRules, boOwnership: BoOwnership): TeardownEvent[] {
  const own = optsIn(rules) ? vmBindEvents() : managedEvents(rules);
  return [...own, ...kernelEvents(rules), boFree(rules, boOwnership)];
}

/** The end of the object tears down in every version, but for counted references it never comes first. */
function boFree(rules: MsmRules, boOwnership: BoOwnership): TeardownEvent {
  const counted = rules.vmas === "gpuvm" && boOwnership === "hard";
  return {
    id: "bo-free",
    causedBy: counted ? "nobody" : "driver",
    tearsDown: "every mapping of the object, in all VMs",
    waitsFor: null,
    source: "msm_gem_free_object",
  };
}

/** A program's VM that the kernel manages. */
function managedEvents(rules: MsmRules): TeardownEvent[] {
  const { handleClose, retire } = rules.teardown;
  const out: TeardownEvent[] = [];
  if (handleClose !== null) {
    const { limitNs } = handleClose;
    out.push({
      id: "handle-close",
      causedBy: "userspace",
      tearsDown: rules.privateVms
        ? "the object's mapping in the closing file's VM, at the close of any one handle"
        : "the object's one mapping, for every file, at the close of any one handle of any of them",
      vms: ["program"],
      waitsFor:
        limitNs === null
          ? "every fence of the object"
          : `READ fences of the object, ${limitNs / 1e6} ms at most`,
      source: "msm_gem_close",
    });
  }
  if (retire) {
    out.push({
      id: "request-retire",
      causedBy: "driver",
      tearsDown: "the mapping, when no request that uses it is in flight",
      vms: ["program"],
      except: "a mapping that no request ever used",
      waitsFor: null,
      source: "reply of 15 May 2025 on v4 02/40",
    });
  }
  if (rules.setIova) {
    out.push({
      id: "iova-clear",
      causedBy: "userspace",
      tearsDown:
        "the object's mapping in the file's VM, where a program takes an address back; most never do",
      vms: ["program"],
      waitsFor: null,
      source: "msm_ioctl_gem_info_set_iova, clear_iova",
    });
  }
  return out;
}

/** A program's VM under VM_BIND. */
function vmBindEvents(): TeardownEvent[] {
  return [
    {
      id: "unmap",
      causedBy: "userspace",
      tearsDown: "what the range covers",
      vms: ["program"],
      waitsFor: null,
      source: "msm_ioctl_vm_bind",
    },
    {
      id: "overlap",
      causedBy: "userspace",
      tearsDown: "what a new mapping covers",
      vms: ["program"],
      waitsFor: null,
      source: "msm_ioctl_vm_bind",
    },
    {
      id: "file-close",
      causedBy: "userspace",
      tearsDown: "every mapping of the file's VM",
      vms: ["program"],
      waitsFor: "the bind queues and the last submits",
      source: "msm_submitqueue_close, msm_gem_vm_close",
    },
  ];
}

/** The display's VM and the GPU's own. */
function kernelEvents(rules: MsmRules): TeardownEvent[] {
  const { unpin, vmaRef } = rules.teardown;
  const out: TeardownEvent[] = [];
  if (unpin !== "never") {
    out.push({
      id: "unpin",
      causedBy: "driver",
      tearsDown: "the object's mapping in the VM of the pin",
      vms: unpin === "always" ? ["kernel", "scanout"] : ["kernel"],
      waitsFor: null,
      source: "msm_gem_unpin_iova",
    });
  }
  if (vmaRef) {
    out.push({
      id: "vma_ref-zero",
      causedBy: "userspace",
      tearsDown:
        "the object's mapping for the display, when no handle, dma-buf or prepared framebuffer is left",
      vms: ["scanout"],
      ...(unpin === "always" ? {} : { except: "what kernel code pins there itself, without vma_ref" }),
      waitsFor: null,
      source: "msm_gem_vma_put",
    });
  }
  return out;
}

function capabilitiesOf(rules: MsmRules): Capability[] {
  const optIn = optsIn(rules);
  const mayOptIn = rules.vmBind && rules.privateVms;
  return [
    {
      name: "kernel-chosen-address",
      supported: !optIn,
      consequence: optIn
        ? "Every mapping is made, and can be taken away, by name."
        : "A mapping is made by the first submit, or by asking for its address. No request takes it away, so the driver must find an event that does.",
    },
    {
      name: "userspace-chosen-address",
      supported: rules.setIova && !optIn,
      consequence:
        "SET_IOVA 0 is the one way to unmap by request; a program that only asks for addresses has no use for it.",
    },
    {
      name: "vm-bind",
      supported: mayOptIn,
      consequence: mayOptIn
        ? "A program may opt in before its VM is made; its VM then counts its objects and is emptied at file close."
        : "Programs that manage addresses are translated to buffer lists.",
    },
    {
      name: "async-bind",
      supported: optIn,
      consequence:
        "The tree changes in the call, page tables in a job: each queued update holds its object meanwhile.",
    },
    {
      name: "null-mapping",
      supported: optIn,
      consequence: "A VMA without object has no vm_bo; it holds the VM itself.",
    },
    {
      name: "private-bo",
      supported: optIn,
      consequence: "NO_SHARE objects use the VM's dma_resv, hold its resv object, and never leave the VM.",
    },
    {
      name: "vm-per-file",
      supported: rules.privateVms,
      consequence: rules.privateVms
        ? "Every file has page tables of its own, which go when its context does."
        : "Programs' mappings lie in the GPU's one VM, which outlives every file: what one closes, all lose.",
    },
    {
      name: "many-vms",
      supported: false,
      consequence: "A file has one VM; the display and the GPU have one each that outlive every file.",
    },
    {
      name: "scanout",
      supported: true,
      consequence: "What is shown is mapped in the display's VM, too: each page flip pins and unpins there.",
    },
  ];
}
