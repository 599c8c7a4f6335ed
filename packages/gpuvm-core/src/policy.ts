import type { BoOwnership } from "./gpuvm.ts";

/** A kind of object in a driver's reference graph. */
export type RefNode =
  | "device"
  | "file"
  | "handle"
  | "dma_buf"
  | "framebuffer"
  | "context"
  | "queue"
  | "submit"
  | "bind_job"
  | "free_list"
  | "hwrt"
  | "fence"
  | "heap_pool"
  | "VM"
  | "r_obj"
  | "vm_bo"
  | "VA"
  | "BO"
  | "pages"
  | "PTE";

/**
 * How one object holds another: `counted` (a reference: the target cannot go), `weak` (a bare pointer or a list
 * entry: the target may go, and the pointer dangles), or `duty` (no count, but whoever ends the source must tear the
 * target down).
 */
export type RefKind = "counted" | "weak" | "duty";

/** One edge of a driver's reference graph. */
export interface RefEdge {
  /** Who holds. */
  readonly from: RefNode;
  /** What is held. */
  readonly to: RefNode;
  /** How. */
  readonly kind: RefKind;
  /** From what until what, in a few words: `while linked`. */
  readonly span: string;
  /** Only some objects of the kind {@link RefEdge.from} have it; default: each. */
  readonly some?: true;
  /** The kernel function or the patch it comes from. */
  readonly source: string;
}

/** What can make a driver take a mapping away. */
export type TeardownEventId =
  | "unmap"
  | "overlap"
  | "handle-close"
  | "iova-clear"
  | "bo-free"
  | "unpin"
  | "request-retire"
  | "vma_ref-zero"
  | "vm_bo-drain"
  | "vm-close"
  | "file-close";

/** What a VM is for: a program's work, the driver's own objects, what the display reads. */
export type VmPurpose = "program" | "kernel" | "scanout";

/** An event after which a mapping no longer holds what it maps: it breaks the reference loop `BO <- vm_bo <- VA`. */
export interface TeardownEvent {
  /** Which. */
  readonly id: TeardownEventId;
  /** Who makes it happen. `nobody`: it waits for what it would itself bring about. */
  readonly causedBy: "userspace" | "driver" | "nobody";
  /** Which mappings: all of a VM, those of one object in one VM, ... */
  readonly tearsDown: string;
  /** The kinds of VM whose mappings it tears down; default: every kind that the driver has. */
  readonly vms?: readonly VmPurpose[];
  /** What it does not reach although it is mapped in such a VM, and no other event does; absent: it reaches all. */
  readonly except?: string;
  /** What the caller waits for, or null. */
  readonly waitsFor: string | null;
  /** The kernel function or the patch it comes from. */
  readonly source: string;
}

/** Something that a driver's uAPI lets userspace ask, or does not. */
export interface Capability {
  /** Its name: `async-bind`, `kernel-chosen-address`. */
  readonly name: string;
  /** Whether this policy has it. */
  readonly supported: boolean;
  /** What follows from that. */
  readonly consequence: string;
}

/** A reference loop that no mapping is part of: counts alone never break it either. */
export interface OtherLoop {
  /** Around it once: each of these ends only after the next one, and the last after the first. */
  readonly nodes: readonly RefNode[];
  /** What breaks it, in a few words each. */
  readonly brokenBy: readonly {
    /** The event. */
    readonly what: string;
    /** Who makes it happen. */
    readonly causedBy: "userspace" | "driver";
    /** What the caller waits for, or null. */
    readonly waitsFor: string | null;
    /** The kernel function it comes from. */
    readonly source: string;
  }[];
}

/** A rule that a driver's language or library keeps for it, beside what drivers without it do by hand. */
export interface KeptRule {
  /** The rule. */
  readonly rule: string;
  /** What keeps it. */
  readonly keptBy: string;
  /** What drivers do by hand. */
  readonly byHand: string;
  /** Where it stands. */
  readonly source: string;
}

/**
 * How a driver holds buffer objects, as data: who holds whom, what tears a mapping down, what the uAPI lets
 * userspace ask. The reference graph is drawn from it, its reference loops are found in it, and runs are held against it.
 */
export interface ReferencePolicy {
  /** The driver. */
  readonly driver: string;
  /** The variant's name. */
  readonly variant: string;
  /** The kernel version or the patch series it models. */
  readonly models: string;
  /** Whether the driver's VMs count the objects they map. */
  readonly boOwnership: BoOwnership;
  /** The kinds of VM that it makes mappings in; default: programs' VMs only. */
  readonly vms?: readonly VmPurpose[];
  /** Every edge of the reference graph. */
  readonly edges: readonly RefEdge[];
  /** Reference loops that no mapping is part of; default: none. */
  readonly otherLoops?: readonly OtherLoop[];
  /** Rules that its language or library keeps for it; default: none. */
  readonly kept?: readonly KeptRule[];
  /** Every event that tears a mapping down. */
  readonly teardown: readonly TeardownEvent[];
  /** Every capability that sets it apart. */
  readonly capabilities: readonly Capability[];
}

/** Where the core decides what a vm_bo does with its object. */
const SOURCES = { counted: "drm_gpuvm_bo_create", weak: "DRM_GPUVM_VA_WEAK_REF" } as const;

/** The edges and events of a policy when its VMs count their objects, or do not, whatever is its own way. */
export function withOwnership(policy: ReferencePolicy, boOwnership: BoOwnership): ReferencePolicy {
  if (policy.boOwnership === boOwnership) return policy;
  const kind = boOwnership === "hard" ? "counted" : "weak";
  return {
    ...policy,
    boOwnership,
    edges: policy.edges.map((e) =>
      e.from === "vm_bo" && e.to === "BO" ? { ...e, kind, source: SOURCES[kind] } : e,
    ),
  };
}
