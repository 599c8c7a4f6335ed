import { gpuvmFirstVa, gpuvmNextVa, USAGE_BOOKKEEP } from "@gpuvm/core";
import { type Bo, liveKrefs, type Machine, type VmRecord } from "@gpuvm/drm-model";
import type { Violation } from "./violation.ts";

/**
 * Nobody is in a call: whether the page tables say what the trees say, in both directions. Without `late`, VMs whose
 * entries follow in jobs that no call waits for are left out; with `busy` a worker may be about to flush. Null: they do.
 */
export function entriesSettled(machine: Machine, late: boolean, busy = false): Violation | null {
  for (const record of machine.vms) {
    if (record.freed || record.broken || (record.late && !late)) continue;
    const wrong = lostEntry(record) ?? strayEntry(record);
    if (wrong !== null) return { kind: "stale-pte", message: `${record.vm.name}: ${wrong}` };
    const { cached } = record.pt;
    if (cached === null || busy) continue;
    const message = `${record.vm.name}: the TLB may have entries of ${cached.name}, which was unmapped`;
    return { kind: "stale-tlb", message };
  }
  return null;
}

function lostEntry(record: VmRecord): string | null {
  const { vm } = record;
  if (record.lazy) return null;
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
    if (va === vm.kernelNode || record.absent?.(va)) continue;
    const wrong = record.entriesWrong(va) ?? record.takenForMapped(va);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Every entry of an object lies in a mapping. */
function strayEntry({ vm, pt }: VmRecord): string | null {
  const { vas } = vm;
  let va = gpuvmFirstVa(vm);
  for (const { start, end, bo } of pt.ptes.runs()) {
    if (bo === null) continue;
    for (let at = start; at < end; at = vas.end(va)) {
      while (va !== 0 && vas.end(va) <= at) va = gpuvmNextVa(vm, va);
      if (va !== 0 && vas.addr(va) <= at) continue;
      return `0x${at.toString(16)} leads to ${bo.name}, but nothing is mapped there in the tree`;
    }
  }
  return null;
}

/** Everybody is done, and files are open still: whether every fence has signalled, and no list is out of date. */
export function everythingDone(machine: Machine): Violation | null {
  const found = entriesSettled(machine, true);
  if (found !== null) return found;
  for (const { vm, freed } of machine.vms) {
    if (freed) continue;
    const pending = vm.resv.busy(USAGE_BOOKKEEP);
    if (pending !== null) return never(pending.name, vm.name);
    for (let node = vm.evict.list.head; node !== null; node = node.next) {
      if (node.owner.evicted) continue;
      const message = `the evict list of ${vm.name} has ${node.owner.name}, which is not evicted`;
      return { kind: "dangling-list", message };
    }
  }
  for (const bo of machine.memory.objects) {
    const pending = bo.resv.busy(USAGE_BOOKKEEP);
    if (pending !== null) return never(pending.name, bo.name);
  }
  return null;
}

function never(fence: string, where: string): Violation {
  return { kind: "unsignalled-fence", message: `${fence} in the dma_resv of ${where} never signals` };
}

const NAMES = {
  pins: "pins",
  handles: "handles",
  framebuffers: "framebuffers",
  dmaBufs: "dma-bufs",
  ptes: "entries",
};
const COUNTS = Object.keys(NAMES) as (keyof typeof NAMES)[];

/** Counts that the driver keeps in objects; asked at every stop. */
export function auditCounts(machine: Machine): Violation | null {
  for (const bo of machine.memory.objects) {
    for (const count of COUNTS) {
      if (bo[count] < 0)
        return { kind: "count-underflow", message: `${bo.name} has ${bo[count]} ${NAMES[count]}` };
    }
  }
  return null;
}

/** The driver is gone: what is still counted beside buffers and VMs. */
export function stillCounted(machine: Machine): Violation | null {
  const { dev, memory } = machine;
  const krefs = liveKrefs(dev);
  if (krefs.length > 0) return left(krefs.map(({ name }) => name));
  const objects = dev.objects.filter((obj) => obj !== null && obj.refs > 0 && !memory.objects.has(obj as Bo));
  return objects.length === 0 ? null : left(objects.map((obj) => obj?.name ?? ""));
}

function left(names: readonly string[]): Violation {
  return { kind: "leak", message: `when the driver is gone there are left: ${names.join(", ")}` };
}
