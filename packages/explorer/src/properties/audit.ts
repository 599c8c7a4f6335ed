import { type DrmGpuvm, type DrmGpuvmBo, gemVmBos, gpuvaBo, gpuvmFirstVa, gpuvmNextVa } from "@gpuvm/core";
import type { Bo, Machine } from "@gpuvm/drm-model";
import type { Violation } from "./violation.ts";

/** Whether lists and counts agree with the trees; null: they do. Asked at every stop, so transient states count. */
export function auditVms(machine: Machine): Violation | null {
  for (const record of machine.vms) {
    if (record.freed) continue;
    const found = auditTree(machine, record.vm) ?? auditLists(record.vm);
    if (found !== null) return found;
  }
  for (const bo of machine.memory.objects) {
    for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
      for (let other = node.next; other !== null; other = other.next) {
        if (other.owner.vm === node.owner.vm) {
          return dangling(`${bo.name} has two vm_bos in ${node.owner.vm.name}`);
        }
      }
      if (node.owner.freed) return dangling(`${bo.name}'s list leads to ${node.owner.name}, which is freed`);
    }
  }
  return null;
}

function auditTree(machine: Machine, vm: DrmGpuvm): Violation | null {
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
    const vmBo = gpuvaBo(vm, va);
    if (vmBo === null) {
      if (vm.vas.owner(va) < 0) return dangling(`a mapping of ${vm.name} leads to a vm_bo that is gone`);
      continue;
    }
    if (vmBo.freed || vmBo.refs === 0)
      return dangling(`a mapping of ${vm.name} leads to ${vmBo.name}, which is gone`);
    // An object without references that is still being freed may take its mappings with it.
    if (vmBo.obj.refs === 0 && !machine.memory.objects.has(vmBo.obj as Bo)) {
      return {
        kind: "use-after-free",
        message: `a mapping of ${vm.name} leads to ${vmBo.obj.name}, which is freed`,
      };
    }
  }
  return null;
}

function auditLists(vm: DrmGpuvm): Violation | null {
  for (let node = vm.extobj.list.head; node !== null; node = node.next) {
    const found = listed(vm, node.owner, "extobj");
    if (found !== null) return found;
  }
  for (let node = vm.evict.list.head; node !== null; node = node.next) {
    const found = listed(vm, node.owner, "evict");
    if (found !== null) return found;
  }
  return null;
}

function listed(vm: DrmGpuvm, vmBo: DrmGpuvmBo, list: string): Violation | null {
  if (vmBo.freed) return dangling(`the ${list} list of ${vm.name} leads to ${vmBo.name}, which is freed`);
  if (list === "extobj" && !vm.isExtobj(vmBo.obj)) {
    return dangling(`the extobj list of ${vm.name} has ${vmBo.name}, whose object is private`);
  }
  return null;
}

function dangling(message: string): Violation {
  return { kind: "dangling-list", message };
}
