import { boState, gpuvmState, type Numbers } from "@gpuvm/conformance";
import type { XeBo } from "../memory/bo.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import { liveEntries, tablesOf } from "./entries.ts";

type Line = Record<string, unknown>;

const MADV = { willneed: 0, dontneed: 1, purged: 2 } as const;
const PLACE = { system: "SYSTEM", tt: "TT", vram: "VRAM" } as const;

/** What has a number, and is not freed. */
export interface Known {
  readonly bos: Numbers<XeBo>;
  readonly vms: Numbers<XeVm>;
}

/** The objects and VMs now, as an answer says them. */
export function stateOf(known: Known): { bos: Line[]; vms: Line[]; extra: Line[] } {
  const bos = known.bos.byNumber().map(([bo, number]) => boLine(known, bo, number));
  const vms = known.vms.byNumber().map(([vm, number]) => vmLine(known, vm, number));
  const extra = [
    ...known.bos.byNumber().map(([bo, number]) => boExtra(bo, number)),
    ...known.vms.byNumber().map(([vm, number]) => vmExtra(vm, number)),
  ];
  return { bos, vms, extra };
}

function boLine({ vms }: Known, bo: XeBo, number: number): Line {
  return boState(bo, number, (vm) => vms.byNumber().find(([{ gpuvm }]) => gpuvm === vm)?.[1] ?? -1);
}

function vmLine(known: Known, { gpuvm, vmas }: XeVm, number: number): Line {
  return gpuvmState(
    gpuvm,
    number,
    (obj) => (obj === null ? 0 : known.bos.of(obj as XeBo)),
    (va) => flagsOf(vmas[va] as XeVma),
  );
}

function flagsOf({ tilePresent, tileInvalidated, willneed }: XeVma): number {
  let flags = tilePresent === 0 ? 0 : 1;
  if (tileInvalidated !== 0) flags |= 2;
  return willneed ? flags : flags | 4;
}

function boExtra(bo: XeBo, number: number): Line {
  const pages = { none: "not populated", populated: "populated", swapped: "swapped" }[bo.tt];
  return {
    bo: number,
    place: bo.place === null ? "NONE" : PLACE[bo.place],
    pages: bo.place === "vram" ? "none" : pages,
    madv: MADV[bo.madv],
    willneed: bo.willneedCount,
  };
}

function vmExtra(vm: XeVm, number: number): Line {
  return {
    vm: number,
    ...liveEntries(vm.pt),
    tables: tablesOf(vm.pt),
    rebindList: vm.rebindList.size,
    closed: vm.size === 0 ? 1 : 0,
    banned: vm.banned ? 1 : 0,
    tlbFlushSeqno: vm.tlbFlushSeqno,
  };
}
