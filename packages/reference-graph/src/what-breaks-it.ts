import type { ReferencePolicy, RefNode, TeardownEvent, TeardownEventId, VmPurpose } from "@gpuvm/core";
import type { RefLoop } from "./reference-loop.ts";

/** Whether an event can be counted on: it comes in any case, only if the program asks for it, or never. */
export type Certainty = "certain" | "if-asked" | "never";

/** What an event is worth against a reference loop. */
export interface Breaker {
  /** The event. */
  readonly event: TeardownEvent;
  /** Whether it comes. */
  readonly certainty: Certainty;
  /** Why it never comes; empty if it does. */
  readonly because: string;
}

/** A reference loop in the VMs of one purpose, with every event that could break it. */
export interface LoopState {
  /** Whose VMs. */
  readonly purpose: VmPurpose;
  /** The best that its events come to. */
  readonly certainty: Certainty;
  /** Each event that reaches mappings of such VMs. */
  readonly events: readonly Breaker[];
}

/** Events that a program must ask for: one that ends, or forgets, does not. */
const ASKED: ReadonlySet<TeardownEventId> = new Set(["unmap", "overlap", "iova-clear"]);

/** Who holds a VM without using it: their references are those that a close of the VM drops. */
const MAPPINGS: ReadonlySet<RefNode> = new Set(["VA", "vm_bo"]);

/** The purposes of a policy's VMs. */
export function purposesOf(policy: ReferencePolicy): readonly VmPurpose[] {
  return policy.vms ?? ["program"];
}

/** Whether an event reaches mappings of VMs with a purpose. */
export function reaches(event: TeardownEvent, purpose: VmPurpose): boolean {
  return event.vms === undefined || event.vms.includes(purpose);
}

/** Which events break a reference loop, for each purpose of VMs. */
export function statesOf(policy: ReferencePolicy, loop: RefLoop): LoopState[] {
  return purposesOf(policy).map((purpose) => {
    const events = policy.teardown
      .filter((event) => reaches(event, purpose))
      .map((event) => breaker(policy, loop, event));
    return { purpose, certainty: best(events), events };
  });
}

/** The best certainty among events. */
export function best(events: readonly Breaker[]): Certainty {
  for (const certainty of ["certain", "if-asked"] as const) {
    if (events.some((event) => event.certainty === certainty)) return certainty;
  }
  return "never";
}

/** What no event reaches among the mappings of such VMs, although the loop is broken for the others. */
export function exceptionsOf({ events }: LoopState): string[] {
  const certain = events.filter(({ certainty }) => certainty === "certain");
  if (certain.some(({ event }) => event.except === undefined)) return [];
  return [...new Set(certain.flatMap(({ event }) => event.except ?? []))];
}

/** Whether, for counted objects, a handle's close is the only event in such VMs that comes unasked. */
export function onlyHandleClose(policy: ReferencePolicy, purpose: VmPurpose): boolean {
  const ids = policy.teardown.filter((event) => reaches(event, purpose)).map(({ id }) => id);
  const late = ids.filter((id) => !ASKED.has(id) && (id !== "bo-free" || !counts(policy)));
  return counts(policy) && late.length === 1 && late[0] === "handle-close";
}

function breaker(policy: ReferencePolicy, loop: RefLoop, event: TeardownEvent): Breaker {
  const because = circular(policy, loop, event);
  if (because !== "") return { event, certainty: "never", because };
  return { event, certainty: ASKED.has(event.id) ? "if-asked" : "certain", because };
}

/** Why an event waits for what it would itself bring about; empty if it does not. */
function circular(policy: ReferencePolicy, loop: RefLoop, { id, causedBy }: TeardownEvent): string {
  if (id === "bo-free" && counts(policy)) return "the BO is freed only after it";
  if (id === "vm_bo-drain") return "it frees the links of mappings that are gone already";
  if (causedBy === "nobody") return "it waits for what it would bring about";
  if (id !== "vm-close" || causedBy === "userspace") return "";
  // A VM is closed when its users let go, whatever is mapped in it.
  const user = loop.steps.find(({ node, on, edge }) => {
    return node === "VM" && edge.kind === "counted" && !MAPPINGS.has(on);
  });
  return user === undefined ? "" : `the ${user.on} holds the VM, and is itself part of the loop`;
}

/** Whether the policy's vm_bos count their BO. */
function counts(policy: ReferencePolicy): boolean {
  return policy.edges.some((e) => e.from === "vm_bo" && e.to === "BO" && e.kind === "counted");
}
