import type { Subject } from "@gpuvm/drivers";
import type { NeutralRequest } from "@gpuvm/drm-model";
import { BASE, PAGE, VM } from "./stage-words.ts";

/** Whether programs of a variant manage addresses themselves: a neutral bind means something to them. */
export function bindsBy(subject: Subject): boolean {
  const probe = subject.variant.userspace.lower();
  const op = { kind: "map", bo: 1, boOffset: 0, va: BASE, length: PAGE, flags: 0 } as const;
  const asks: NeutralRequest[] = [
    { op: "vm_create", t: 0, f: 0, vm: VM },
    { op: "gem_new", t: 0, f: 0, bo: 1, size: PAGE },
    { op: "vm_bind", t: 0, f: 0, vm: VM, async: false, ops: [op] },
  ];
  return asks.flatMap((ask) => [...probe(ask)]).some((request) => request.op === "vm_bind");
}
