import { gemVmBos, type ReferencePolicy, type VmPurpose } from "@gpuvm/core";
import type { Bo, Hazard, Machine, VmRecord } from "@gpuvm/drm-model";
import { chainOf, chainText } from "./chain.ts";
import { reaches } from "./what-breaks-it.ts";
import { eventName, listed, purposeName } from "./words.ts";

/**
 * What is still there although whoever could reach it is gone: objects without handle or dma-buf, VMs of closed files,
 * links that no drain freed. Each names its holders, and the event that should have come. Needs a machine in audit mode.
 */
export function leftBehindFindings(
  machine: Machine,
  policy: ReferencePolicy,
  openFiles: ReadonlySet<number>,
): Hazard[] {
  const out: Hazard[] = [];
  const add = (object: string, detail: string) =>
    out.push({ kind: "leak", object, detail, at: machine.now, history: machine.historyOf(object) });
  for (const bo of machine.memory.objects) {
    if (bo.reachable || heldByDevice(machine, bo)) continue;
    add(bo.name, `${bo.name} is kept by ${holdersOf(machine, bo)}; ${missing(machine, policy, bo)}`);
  }
  for (const record of machine.vms) {
    if (record.freed) continue;
    const { vm } = record;
    if (vm.deferred !== null) {
      add(
        vm.name,
        `${vm.name} has links on its deferred list that nothing drained: ${vm.deferred.name} is the last`,
      );
    }
    if (record.file < 0 || openFiles.has(record.file)) continue;
    const holders = chainText(chainOf(machine, vm)).map((line) => line.trim().replace("<- ", ""));
    add(vm.name, `${vm.name} outlives its file ${record.file}: it is kept by ${listed(holders.slice(0, 4))}`);
  }
  return out;
}

/** The driver's own: a ring, firmware. */
function heldByDevice(machine: Machine, bo: Bo): boolean {
  const holders = machine.dev.ledger?.holders(bo) ?? [];
  return holders.some(({ holder }) => holder.startsWith("device"));
}

function holdersOf(machine: Machine, bo: Bo): string {
  return listed((machine.dev.ledger?.holders(bo) ?? []).map(({ holder }) => holder));
}

/** Which event would have let it go. */
function missing(machine: Machine, policy: ReferencePolicy, bo: Bo): string {
  const links = gemVmBos(bo).toArray();
  if (links.length === 0) return "it is not mapped: whoever holds it must let go";
  const purposes = new Set(links.map(({ vm }) => purposeOf(machine.vms, vm.name)));
  return [...purposes].map((purpose) => ends(policy, purpose)).join("; ");
}

function ends(policy: ReferencePolicy, purpose: VmPurpose): string {
  const ids = policy.teardown
    .filter((event) => event.id !== "bo-free" && event.causedBy !== "nobody" && reaches(event, purpose))
    .map(({ id }) => eventName(id));
  const where = `in ${purposeName(purpose)}`;
  return ids.length === 0
    ? `${where} no event takes its mapping away`
    : `${where} ${listed(ids, "or")} would take its mapping away, and did not come after it was made`;
}

function purposeOf(vms: readonly VmRecord[], name: string): VmPurpose {
  const purpose = vms.find(({ vm }) => vm.name === name)?.purpose;
  return purpose === "kernel" || purpose === "scanout" ? purpose : "program";
}
