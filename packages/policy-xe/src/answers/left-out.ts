import type { LateFields } from "@gpuvm/conformance";

/** Fields of the recorded answers that the model cannot have, with the reasons. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  tablesLive:
    "counts the kernel's own VM, too, in the sequences that began with a new device; what a call adds is in tablesAllocated and tablesFreed",
  "open: tablesAllocated":
    "the first open of a file on a new device makes the kernel's own VM; a sequence does not say whether it has one",
};

const WORKERS = "run by workers of the driver, before the call returns or after it";

/** What workers of the driver change. */
export const LATE: LateFields = {
  events: {
    freed: `the last reference of a VMA that goes, of a job or of a queue is put by what is ${WORKERS}`,
    "events[tlb]": `invalidations of each GT's TLB are jobs, ${WORKERS}`,
    "events[job]": `batches begin when their scheduler's work is ${WORKERS}`,
    "events[queue suspend]": `preempt fences and rebinds are ${WORKERS}`,
    "events[queue resume]": `preempt fences and rebinds are ${WORKERS}`,
  },
  states: {
    "bos[]": `an object whose last reference is a VMA's goes by what is ${WORKERS}`,
    "vms[]": `a VM whose last reference is a queue's goes by what is ${WORKERS}`,
    "extra[]": `what is known of bos and vms: an object can go by what is ${WORKERS}`,
    "events[bind waits for fences]": `whether there is still something to wait for depends on what is ${WORKERS}`,
    "bos[].kref": `a VMA's reference is put by what is ${WORKERS}`,
    "vms[].kref": `references of VMAs, jobs and queues are put by what is ${WORKERS}`,
  },
};
