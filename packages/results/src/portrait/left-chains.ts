import type { Counted, Holder, Ledger } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import type { LeftObject } from "./portrait.ts";

/** Objects that are explained: the largest ones. */
const SHOWN = 6;
/** Holders of holders that are followed. */
const DEPTH = 12;

/** What is left on a machine now; with an audit also who holds it. */
export function leftChains(machine: Machine): LeftObject[] {
  const { ledger } = machine.dev;
  const bos = [...machine.memory.objects].sort((a, b) => b.size - a.size).slice(0, SHOWN);
  const vms = machine.vms.filter((record) => !record.freed).slice(0, SHOWN);
  return [
    ...bos.map((bo) => ({ object: bo.name, bytes: bo.size, chain: chain(bo, ledger) })),
    ...vms.map(({ vm, key }) => ({ object: `${vm.name} (${key})`, bytes: 0, chain: chain(vm, ledger) })),
  ];
}

function chain(of: Counted, ledger: Ledger | null): string[] {
  if (ledger === null) return [];
  const byName = new Map(ledger.all().map((what) => [what.name, what]));
  const seen = new Set<string>([of.name]);
  const out: string[] = [];
  for (let at: Counted | undefined = of; at !== undefined && out.length < DEPTH; ) {
    const holders = ledger.holders(at);
    const [first] = holders;
    if (first === undefined) {
      if (out.length === 0) out.push("a reference that was never given back");
      return out;
    }
    const more = holders.length > 1 ? ` (and ${holders.length - 1} more)` : "";
    out.push(`${first.holder}${more}`);
    if (seen.has(first.holder)) {
      out.push("itself, in a circle");
      return out;
    }
    seen.add(first.holder);
    at = counted(first.by, byName);
  }
  return out;
}

function counted(by: Holder, byName: ReadonlyMap<string, Counted>): Counted | undefined {
  return byName.get(typeof by === "string" ? by : by.name);
}
