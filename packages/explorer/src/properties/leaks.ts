import { type LeftBehind, leftBehind, type Machine } from "@gpuvm/drm-model";
import type { Violation } from "./violation.ts";

/** What is still there although nothing should be, beyond what was there at the start; null: nothing. */
export function leaks(machine: Machine, baseline: LeftBehind | null, when: string): Violation | null {
  const left = leftBehind(machine);
  const parts: string[] = [];
  for (const kind of ["bos", "vms", "vmBos", "vas"] as const) {
    const more = left[kind] - (baseline?.[kind] ?? 0);
    if (more > 0) parts.push(`${more} ${NAMES[kind]}`);
  }
  if (baseline === null) {
    const rows = machine.vms.reduce((sum, { vm }) => sum + vm.vas.live - (vm.kernelNode === 0 ? 0 : 1), 0);
    if (rows > left.vas) parts.push(`${rows - left.vas} VA structs`);
  }
  if (parts.length === 0) return null;
  return { kind: "leak", message: `when ${when} there are left: ${parts.join(", ")}${held(machine)}` };
}

const NAMES = { bos: "BOs", vms: "VMs", vmBos: "vm_bos on lists", vas: "mappings" };

function held(machine: Machine): string {
  const { ledger } = machine.dev;
  if (ledger === null) return "";
  const lines: string[] = [];
  const things = [
    ...machine.memory.objects,
    ...machine.vms.filter((record) => !record.freed).map((record) => record.vm),
  ];
  for (const what of things.slice(-4)) {
    const holders = ledger.holders(what).map((h) => (h.count === 1 ? h.holder : `${h.holder} x${h.count}`));
    lines.push(`${what.name} is held by ${holders.join(", ") || "nobody"}`);
  }
  return lines.length === 0 ? "" : ` (${lines.join("; ")})`;
}
