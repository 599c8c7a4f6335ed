import type { Gpuva } from "../../src/index.ts";
import { type DrmGemObject, type DrmGpuvm, gpuvaExact, gpuvaObj, gpuvmForEachVa } from "../../src/index.ts";

/** What one unit of address space maps to; null: nothing. */
export interface Cell {
  readonly obj: DrmGemObject | null;
  readonly offset: bigint;
}

/** The dense oracle: one entry per unit, in which nothing can be off by one unseen. */
export type Dense = readonly (Cell | null)[];

/** What each unit of `[0, size)` maps to. The kernel node maps nothing. */
export function dense(vm: DrmGpuvm, size: number, base = 0n, unit = 1n): Dense {
  const cells: (Cell | null)[] = Array(size).fill(null);
  gpuvmForEachVa(vm, (va) => {
    if (va === vm.kernelNode) return;
    const { addr, range, offset } = gpuvaExact(vm, va);
    for (let at = 0n; at < range; at += unit) {
      const cell = Number((addr + at - base) / unit);
      if (cells[cell] !== null) throw new Error(`unit ${cell} is mapped twice, or lies outside`);
      cells[cell] = { obj: gpuvaObj(vm, va), offset: BigInt.asUintN(64, offset + at) };
    }
  });
  return cells;
}

/** The VAs that overlap `[from, to)`, found by looking at all of them. */
export function overlapping(vm: DrmGpuvm, from: bigint, to: bigint): Gpuva[] {
  const out: Gpuva[] = [];
  gpuvmForEachVa(vm, (va) => {
    const { addr, range } = gpuvaExact(vm, va);
    if (addr < to && from < addr + range) out.push(va);
  });
  return out;
}
