import type { RefNode, TeardownEvent, TeardownEventId, VmPurpose } from "@gpuvm/core";

/** How a kind of object ends. */
const ENDS: Partial<Record<RefNode, string>> = {
  BO: "is freed",
  vm_bo: "is destroyed",
  VA: "is taken away",
  VM: "is freed",
  file: "is closed",
  handle: "is closed",
  PTE: "is cleared",
  pages: "are given back",
};

/** `vm_bo is destroyed`. */
export function endOf(node: RefNode): string {
  return `${node} ${ENDS[node] ?? "is released"}`;
}

/** Names of events for people. */
const EVENTS: Readonly<Record<TeardownEventId, string>> = {
  unmap: "an unmap",
  overlap: "a map over it",
  "handle-close": "the close of a handle",
  "iova-clear": "setting its address to 0",
  "bo-free": "the free of the BO",
  unpin: "the unpin",
  "request-retire": "the end of the last request that uses it",
  "vma_ref-zero": "vma_ref reaching 0",
  "vm_bo-drain": "the drain of deferred vm_bos",
  "vm-close": "the close of the VM",
  "file-close": "the close of the file",
};

/** `the close of a handle`. */
export function eventName(id: TeardownEventId): string {
  return EVENTS[id];
}

/** `the close of a handle (userspace; waits for ...)`. */
export function eventPhrase(event: TeardownEvent): string {
  const waits = event.waitsFor === null ? "" : `; waits for ${event.waitsFor}`;
  return `${eventName(event.id)} (${event.causedBy}${waits})`;
}

const PURPOSES: Readonly<Record<VmPurpose, string>> = {
  program: "programs' VMs",
  kernel: "the kernel's own VMs",
  scanout: "the display's VM",
};

/** `the display's VM`. */
export function purposeName(purpose: VmPurpose): string {
  return PURPOSES[purpose];
}

/** `a`, `a and b`, `a, b and c`, or with another word than `and`. */
export function listed(words: readonly string[], last = "and"): string {
  const [only = "nothing"] = words;
  if (words.length < 2) return only;
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}
